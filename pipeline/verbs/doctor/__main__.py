"""Look at everything and print what is wrong: the body of `pipeline_doctor.sh`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipeline.engines.local_services import is_ours, services_here
from pipeline.errors import ServiceError
from pipeline.host.cli import DOCTOR, run_verb
from pipeline.host.options import SetupOptions
from pipeline.services import BY_NAME
from pipeline.settings import Settings, load_settings
from pipeline.verbs.doctor import lake_checks, machine_checks
from pipeline.verbs.doctor.bundle import write_bundle
from pipeline.verbs.doctor.checks import Check, Finding, Result, State, examine
from pipeline.verbs.run_config import choose

FAILED = 3
STYLES = {State.PASS: "green", State.WARN: "yellow", State.FAIL: "bold red", State.SKIP: "dim"}
CHECKS = (*machine_checks.CHECKS, *lake_checks.CHECKS)
OF_ONE_MACHINE = {check.id for check in machine_checks.CHECKS}
"""They look at processes and folders of this machine: a container has its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 3 where a check failed."""
    options = parse(arguments)
    logging.disable(logging.WARNING)  # of clients that cannot connect: the findings say it
    return run_verb(DOCTOR, lambda: run(options), "interrupted")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options; an unknown check ends the program with a message."""
    parser = argparse.ArgumentParser(prog=DOCTOR, usage=f"see {DOCTOR} --help", allow_abbrev=False)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--inside", action="store_true")  # of a container, whose engines are in others
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only if not any(_is_meant(check, [name]) for check in CHECKS)]
    if unknown:
        parser.error(f"there is no check {', '.join(unknown)}; --list shows them")
    if options.bundle and not os.access(options.bundle.parent, os.W_OK):
        parser.error(f"--bundle: {options.bundle.parent} is no folder that can be written to")
    return options


def run(options: argparse.Namespace) -> int:
    """Look, and print; return the exit code."""
    if options.list:
        for check in CHECKS:
            print(f"{check.id:<26}{check.title}")  # noqa: T201
        return 0
    if options.bundle and options.inside:
        raise ServiceError("--bundle is for a lake without containers; theirs: docker compose logs, docker inspect")
    settings, here = _lake(inside=options.inside)
    checks = [adapted(check, settings, here) for check in chosen(options.only, inside=options.inside)]
    results = _look(checks, settings, None if options.json else Console(soft_wrap=True, highlight=False))
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2))  # noqa: T201
    if options.bundle:
        write_bundle(options.bundle, settings, results)
        print(f"{options.bundle}: read it before you hand it on", file=sys.stderr)  # noqa: T201
    return FAILED if any(result.state is State.FAIL for result in results) else 0


def chosen(only: Sequence[str], *, inside: bool = False) -> list[Check]:
    """Return the checks to run, with those that they need."""
    checks = [check for check in CHECKS if not inside or _is_for_containers(check)]
    wanted = {check.id for check in checks if not only or _is_meant(check, only)}
    for check in reversed(checks):  # what is needed comes before what needs it
        if check.id in wanted:
            wanted.update(check.needs)
    return [check for check in checks if check.id in wanted]


def adapted(check: Check, settings: Settings, here: Sequence[str]) -> Check:
    """Return the check of a service as it applies to this lake, on whose machine the services `here` run."""
    area, _, name = check.id.partition(".")
    if area != "service" or name in here:
        return check
    if is_ours(settings, BY_NAME[name]):
        return replace(check, look=lambda _settings: Finding(State.SKIP, "not part of this lake"), needs=())
    return replace(check, needs=())  # someone else's: no supervisor of ours looks after it


def _lake(*, inside: bool) -> tuple[Settings, Sequence[str]]:
    """Return the settings that the running lake has, and the services on this machine."""
    if inside:
        settings = load_settings()
        return settings, services_here(settings)
    choices = choose(SetupOptions())
    return choices.settings, choices.services


def _is_meant(check: Check, names: Iterable[str]) -> bool:
    return any(name in {check.id, check.id.partition(".")[0]} for name in names)


def _is_for_containers(check: Check) -> bool:
    area, _, name = check.id.partition(".")
    if area == "service":
        return bool(BY_NAME[name].address) or name == "scheduler"
    return check.id not in OF_ONE_MACHINE


def _look(checks: Sequence[Check], settings: Settings, console: Console | None) -> list[Result]:
    """Run the checks and print each result as it comes; without a console nothing is printed."""
    results = []
    for result in examine(checks, settings):
        results.append(result)
        if console:
            _print(console, result)
    if console:
        counts = Counter(result.state for result in results)
        console.print(", ".join(f"{counts[state]} {state}" for state in State))
    return results


def _print(console: Console, result: Result) -> None:
    first, *more = result.words.splitlines() or [""]
    console.print(Text.assemble((f"{result.state:<5}", STYLES[result.state]), f" {result.id:<24} {first}"))
    for line in more:
        console.print(Text(" " * 31 + line))


if __name__ == "__main__":
    sys.exit(main())
