"""`python -m pipeline.engines.jars lock|fetch`: make the lock from pom.xml, or bring its jars into the home."""

from __future__ import annotations

import argparse
import sys

from pipeline.engines.jars import artifacts, resolve
from pipeline.engines.jars.fetch import TOOLS, fetch
from pipeline.errors import CoinlakeError
from pipeline.settings import load_settings


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.engines.jars", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock", help="resolve pom.xml through Maven and write jars.lock")
    fetcher = commands.add_parser("fetch", help="bring the jars of jars.lock into COINLAKE_HOME")
    fetcher.add_argument("--tool", choices=sorted(TOOLS), help="default: Maven where mvn is on PATH, else Ivy")
    options = parser.parse_args()
    try:
        if options.command == "lock":
            artifacts.write_lock(resolve.resolve_all())
        elif not fetch(load_settings().jar_dir, tool=options.tool):
            print("jars: up to date")  # noqa: T201
    except CoinlakeError as error:
        print(f"jars: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
