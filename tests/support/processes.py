"""Programs that a test starts and listens to."""

from __future__ import annotations

import subprocess


def read_errors_until(process: subprocess.Popen[str], words: str) -> str:
    """Read the process's stderr, which must be a pipe, up to the line with the words; return all that was read."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, f"the process ended: {said}"
        said += line
    return said
