"""The outermost lines of a verb: what ends it early becomes a line and an exit code.

Only the standard library is used here: under Docker the verbs run with the system's Python.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from pipeline.errors import CoinlakeError

INTERRUPTED = 130  # what a shell returns after Ctrl-C
SETUP_GOES_ON = "interrupted. Services keep running: rerun the command to resume, or stop them with pipeline_down.sh"

DOCTOR = "pipeline_doctor.sh"
DOWN_GOES_ON = "interrupted; rerun the command to resume"


def parse_down(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the arguments of `pipeline_down.sh`: `purge` and `yes`."""
    parser = argparse.ArgumentParser(prog="pipeline_down.sh", usage="see pipeline_down.sh --help", allow_abbrev=False)
    parser.add_argument("--purge", action="store_true")
    parser.add_argument("--yes", action="store_true")
    return parser.parse_args(arguments)


def run_verb(name: str, work: Callable[[], int], interrupted: str) -> int:
    """Return what `work` returns, 1 after a fault, which is told, or 130 after Ctrl-C, when `interrupted` is told."""
    try:
        return work()
    except KeyboardInterrupt:
        print(f"\n{name}: {interrupted}", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except CoinlakeError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
        if error.check and name != DOCTOR:
            print(f"pipeline/scripts/{DOCTOR} --only {error.check} looks closer", file=sys.stderr)  # noqa: T201
        return 1
