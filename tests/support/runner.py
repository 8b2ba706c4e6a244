"""Run the suites one after the other, each by pytest, and add up what they say.

Called by `tests/run.sh`, which makes the interpreter that this runs in.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pipeline.host.ports import is_free
from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT
from tests.support.docker.debian import ASKED_BY_NAME
from tests.support.results import Results, read_junit

SUITES = ("static", "unit", "spark", "integration", "docs", "containers")  # fast ones first
PORT_BASES = range(28_000, 32_700, 100)  # below the ports that the kernel hands out for outgoing connections
PREPARATIONS = {"spark": ["-m", "pipeline.engines.jars", "fetch"]}  # Iceberg's jar is not among pyspark's
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):  # noqa: N818 - not an error of the code: the user ended the run
    """Someone asked the run to end."""


def main(arguments: list[str]) -> int:
    """Run the named suites, all of them by default; return the exit code."""
    suites = parse(arguments)
    home = Path(os.environ["COINLAKE_TEST_HOME"])
    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    try:
        with only_run_in(home):
            total = run_all(suites, home, test_environment(home) | permissions(arguments))
    except Stopped:
        print("tests/run.sh: stopped", file=sys.stderr)
        return 130
    print(total.summary(), flush=True)
    return 0 if total.good else 1


def parse(arguments: list[str]) -> tuple[str, ...]:
    """Return the suites to run, in our order."""
    parser = argparse.ArgumentParser(prog="tests/run.sh")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    named = parser.parse_args(arguments).suites
    unknown = [name for name in named if name not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; there are {', '.join(SUITES)}")
    return tuple(suite for suite in SUITES if not named or suite in named)


@contextlib.contextmanager
def only_run_in(home: Path) -> Iterator[None]:
    """Hold the tests' home, so that a second run cannot take the first one's engines down."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"tests/run.sh: another run uses {home}; name another COINLAKE_TEST_HOME") from None
        yield


def run_all(suites: tuple[str, ...], home: Path, environment: dict[str, str]) -> Results:
    """Run the suites in turn and return what they say together."""
    total = Results()
    for suite in suites:
        started = time.monotonic()
        results = run_suite(suite, home, environment)
        seconds = time.monotonic() - started
        print(f"== {suite}: {results.ran} ran, {results.failed} failed, {seconds:.0f} s\n", flush=True)
        total += results
    return total


def test_environment(home: Path) -> dict[str, str]:
    """Return this environment without the user's own lake in it: a home and ports of the tests' own."""
    ours = {name: value for name, value in os.environ.items() if not is_setting(name)}
    return ours | {
        "COINLAKE_TEST_HOME": str(home),
        "COINLAKE_TEST_KEEP": os.environ.get("COINLAKE_TEST_KEEP", ""),
        "COINLAKE_HOME": str(home / "lake"),
        "COINLAKE_PORT_BASE": os.environ.get("COINLAKE_TEST_PORT_BASE") or str(free_port_base()),
        "COINLAKE_PYTHON": sys.executable,
        "PYTHONPATH": str(CHECKOUT),
    }


def permissions(arguments: list[str]) -> dict[str, str]:
    """Return what a suite may do only when the user named it: install Docker and start an engine."""
    return {ASKED_BY_NAME: "1"} if "containers" in arguments else {}


def is_setting(name: str) -> bool:
    """Tell whether a variable would change what is under test."""
    prefixes = ("COINLAKE_", "COINS", "COINGECKO_", "COINMETRICS_", "COINBASE_", "KAFKA_", "HDFS_", "METASTORE_")
    return name.startswith((*prefixes, "PRESTO_", "SPARK_", "PYTEST_"))


def free_port_base() -> int:
    """Return the first port base of our range under which every service's port is free."""
    for base in PORT_BASES:
        if all(is_free("127.0.0.1", base + offset) for offset in PORT_OFFSETS.values()):
            return base
    raise SystemExit("tests/run.sh: no free block of ports from 28000 to 32700")


def prepare(suite: str, environment: dict[str, str]) -> bool:
    """Make what a suite needs beside this interpreter; return whether that went well."""
    command = PREPARATIONS.get(suite)
    if command is None:
        return True
    return subprocess.run([sys.executable, *command], cwd=CHECKOUT, env=environment, check=False).returncode == 0


def run_suite(suite: str, home: Path, environment: dict[str, str]) -> Results:
    """Run one suite to its end, or to the end of its clean-up when we are asked to stop."""
    report = home / "reports" / f"{suite}.xml"
    report.unlink(missing_ok=True)
    print(f"== {suite}", flush=True)
    if not prepare(suite, environment):
        return Results(failed=1)
    command = [sys.executable, "-m", "pytest", "--quiet", "--durations=5", f"--junitxml={report}", f"tests/{suite}"]
    # A process group of its own: Ctrl-C reaches pytest once, from us, and its fixtures take the engines down.
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, start_new_session=True)
    try:
        return read_junit(report, process.wait())
    except Stopped:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def stop(_number: int, _frame: FrameType | None) -> None:
    """Leave the wait for the running suite; later signals must not cut its clean-up short."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
