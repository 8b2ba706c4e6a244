"""The body of `prove.sh`: bring a lake up, hurt it, and say what it holds in the end."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.host.cli import run_verb
from pipeline.verbs.console import Stages
from proof import report
from proof.control import control
from proof.lake import throwaway_lake
from proof.load import Load
from proof.points import POINTS
from proof.run import Proof
from proof.schedule import rounds

NAME = "prove.sh"
MAX_SEED = 2**31


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(options), "interrupted; its lake is gone")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("--faults", type=_whole(1, 10_000), default=20)
    parser.add_argument("--trades", type=_whole(1, 10_000), default=200, metavar="PER_SECOND")
    parser.add_argument("--seed", type=_whole(0, MAX_SEED), default=random.randrange(MAX_SEED))
    parser.add_argument("--report", type=Path, metavar="FILE.json")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Do what the options say; return 0 when it went as it must."""
    return run_control(options, Stages()) if options.control else run_proof(options, Stages())


def run_control(options: argparse.Namespace, stages: Stages) -> int:
    """Return 0 when the control found what is wrong with Spark's own file sink."""
    with throwaway_lake(keep=options.keep) as lake:
        found = control(lake, options.seed, stages)
    for each in found:
        stages.say(f"Spark's file sink: {each}")
    stages.say("found, as it must be" if found else "found nothing, though it must: the proof cannot be trusted")
    return 0 if found else 1


def run_proof(options: argparse.Namespace, stages: Stages) -> int:
    """Return 0 when nothing was lost or there twice."""
    schedule = rounds(options.seed, options.faults, POINTS)
    stages.say(f"{options.faults} faults in {len(schedule)} rounds; --seed {options.seed} repeats them")
    with throwaway_lake(keep=options.keep) as lake:
        outcome = Proof(lake, Load(lake, options.trades), stages).run(schedule)
    for line in report.lines(outcome, options.seed):
        stages.say(line)
    if options.report:
        told = json.dumps(report.to_json(outcome, options.seed), indent=1)
        options.report.write_text(f"{told}\n", encoding="utf-8")
    stages.say("nothing lost, nothing there twice" if outcome.holds else "IT DID NOT HOLD")
    return 0 if outcome.holds else 1


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {low} to {high}")
        return number

    return read


if __name__ == "__main__":
    sys.exit(main())
