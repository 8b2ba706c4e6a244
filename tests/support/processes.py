"""Programs that a test starts and listens to."""

from __future__ import annotations

import subprocess

# Comes before a command that a test ends by SIGINT: a shell without job control starts what runs in its background with
# that signal ignored, and every child inherits it.
INTERRUPTIBLE = ("env", "--default-signal=INT")


def read_errors_until(process: subprocess.Popen[str], words: str) -> str:
    """Read the process's stderr, which must be a pipe, up to the line with the words; return all that was read."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, f"the process ended: {said}"
        said += line
    return said
