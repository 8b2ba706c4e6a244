"""Named points at which a test has a process die as by `kill -9`; without `COINLAKE_FAILPOINTS` they do nothing.

The variable names a folder. A file in it arms the point of that name; reaching the point removes the file, so that it
kills once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "COINLAKE_FAILPOINTS"


def reach(name: str) -> None:
    """Kill this process and all of its group, a Spark driver's JVM among them, where a test has armed this point."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    try:
        (Path(folder) / name).unlink()
    except FileNotFoundError:
        return
    os.killpg(0, signal.SIGKILL)
