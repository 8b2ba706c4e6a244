"""Have the Spark job maintain every table at once: the body of `maintain.sh`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pipeline.host.cli import run_verb
from pipeline.host.options import SetupOptions
from pipeline.settings import Settings
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import choose
from pipeline.verbs.step_request import GOES_ON, request_steps

NAME = "maintain.sh"
NOTHING = "0 "  # how the line of a step begins that had nothing to do


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: maintain(choose(SetupOptions()).settings, Stages()), GOES_ON)


def maintain(settings: Settings, stages: Stages) -> int:
    """Ask the Spark job, follow it, and print what was done; return the exit code."""
    outcome = request_steps(settings, settings.lake.maintenance_requests, "maintenance", stages)
    done = [line for line in outcome.results if not line.startswith(NOTHING)]
    for line in done:
        stages.say(f"  {line}")
    if idle := len(outcome.results) - len(done):
        stages.say(f"  nothing to do in {idle} of {len(outcome.results)} steps")
    return outcome.exit_code(NAME)


if __name__ == "__main__":
    sys.exit(main())
