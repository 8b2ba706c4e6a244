"""`python -m pipeline.cluster.jars lock|fetch`: make the lock from pom.xml, or bring its jars into the home."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from rich.console import Console

from pipeline import settings
from pipeline.cluster.jars import artifacts, cache, download, install, progress, resolve
from pipeline.errors import CoinlakeError

TOOLS = {"maven": ("Maven", download.with_maven), "ivy": ("Ivy", download.with_ivy)}


def fetch(home_jars: Path, lock: Path = artifacts.LOCK, tool: str | None = None) -> bool:
    """Bring the lock's jars into `home_jars`; return whether anything had to be done."""
    stamp = home_jars / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    locked = artifacts.read_lock(lock)
    name, downloader = TOOLS[tool] if tool else download.pick()
    with progress.watch(f"jars by {name}", {one.filename for one in locked}, Console(stderr=True)) as on_line:
        cache.fill(locked, cache.cache_dir(), downloader, on_line)
    install.install(locked, cache.cache_dir(), home_jars)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.cluster.jars", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock", help="resolve pom.xml through Maven and write jars.lock")
    fetcher = commands.add_parser("fetch", help="bring the jars of jars.lock into COINLAKE_HOME")
    fetcher.add_argument("--tool", choices=sorted(TOOLS), help="default: Maven where mvn is on PATH, else Ivy")
    options = parser.parse_args()
    try:
        if options.command == "lock":
            artifacts.write_lock(resolve.resolve_all())
        elif not fetch(settings.load().jar_dir, tool=options.tool):
            print("jars: up to date")  # noqa: T201: a command line
    except CoinlakeError as error:
        print(f"jars: {error}", file=sys.stderr)  # noqa: T201: a command line
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
