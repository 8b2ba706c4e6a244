"""Run the suites, each by pytest, and add up what they say.

Most run one by one. Beside those that leave a core idle, or wait for a network, runs another (`BESIDE`).

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
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pipeline.host import ports
from pipeline.host.machine import available_memory
from pipeline.settings import CHECKOUT
from pipeline.settings.environment import without_settings
from tests.support.docker.debian import ASKED_BY_NAME
from tests.support.examples import LONG
from tests.support.results import Results, read_junit
from tests.support.turns import machine_alone

SUITES = ("static", "unit", "engines", "spark", "integration", "docs", "containers")  # fast ones first
EVERYTHING = "all"  # the long tests, too
# A suite -> those it runs beside. The containers' images are built meanwhile, by the Compose that static tests have
# brought; their lake waits for its turn.
BESIDE = {"spark": ("static", "unit", "engines"), "containers": ("unit", "engines", "spark", "integration", "docs")}
LAST = "containers"  # until its turn the machine belongs to the others, each of whose lakes is the only one
ROOM = {"containers": 12_000_000_000}  # bytes of available memory: less is not enough for two lakes
PORT_BASES = range(28_000, 32_700, 100)  # below the ports that the kernel hands out for outgoing connections
FETCH_JARS = ["-m", "pipeline.engines.jars", "fetch"]
PREPARATIONS = {"engines": FETCH_JARS, "spark": FETCH_JARS}  # Iceberg's jar is not among pyspark's
# Not the plugins of Fugue, which statsforecast brings: no test uses them, and each start takes 3 s longer with them.
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:fugue_test", "-p", "no:fugue_test_fixtures")
# Most of a Spark test is the planning of statements, by one thread: two sessions share the files.
OPTIONS = {"spark": ("--numprocesses=2", "--dist=loadfile")}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):  # noqa: N818 - not an error of the code: the user ended the run
    """Someone asked the run to end."""


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    suites: tuple[str, ...]  # in our order
    long: bool  # whether the tests marked `long` run, too
    named: bool  # whether suites were named one by one


@dataclass(frozen=True)
class Running:
    """A suite's pytest process."""

    suite: str
    process: subprocess.Popen[bytes]
    report: Path
    output: Path | None  # where its output goes, when not to ours
    started: float  # on the monotonic clock


def main(arguments: list[str]) -> int:
    """Run the named suites, all of them by default; return the exit code."""
    request = parse(arguments)
    home = Path(os.environ["COINLAKE_TEST_HOME"])
    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    try:
        with only_run_in(home):
            total = Run(request, home).run_all()
    except Stopped:
        print("tests/run.sh: stopped", file=sys.stderr)
        return 130
    if not request.long:
        print("without the long tests, which `tests/run.sh all` runs, too")
    print(total.summary(), flush=True)
    return 0 if total.good else 1


def parse(arguments: list[str]) -> Request:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests/run.sh")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join((*SUITES, EVERYTHING)))
    words = parser.parse_args(arguments).suites
    unknown = [name for name in words if name not in (*SUITES, EVERYTHING)]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; there are {', '.join(SUITES)}, and {EVERYTHING}")
    named = [name for name in words if name != EVERYTHING]
    suites = tuple(suite for suite in SUITES if not named or suite in named)
    return Request(suites, long=EVERYTHING in words, named=bool(named))


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


def test_environment(home: Path) -> dict[str, str]:
    """Return this environment without the user's own lake in it: a home and ports of the tests' own."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return without_settings(ours) | {
        "COINLAKE_TEST_HOME": str(home),
        "COINLAKE_TEST_KEEP": os.environ.get("COINLAKE_TEST_KEEP", ""),
        "COINLAKE_HOME": str(home / "lake"),
        "COINLAKE_PORT_BASE": os.environ.get("COINLAKE_TEST_PORT_BASE") or str(free_port_base()),
        "COINLAKE_PYTHON": sys.executable,
        "PYTHONPATH": str(CHECKOUT),
    }


def permissions(request: Request) -> dict[str, str]:
    """Return what a suite may do only when the user named it: install Docker and start an engine."""
    return {ASKED_BY_NAME: "1"} if request.named and "containers" in request.suites else {}


def free_port_base(reserved: int | None = None) -> int:
    """Return the first port base of our range, but for a reserved one, under which every service's port is free."""
    return ports.free_port_base(base for base in PORT_BASES if base != reserved)


def prepare(suite: str, environment: dict[str, str]) -> bool:
    """Make what a suite needs beside this interpreter; return whether that went well."""
    command = PREPARATIONS.get(suite)
    if command is None:
        return True
    return subprocess.run([sys.executable, *command], cwd=CHECKOUT, env=environment, check=False).returncode == 0


def has_room(suite: str) -> bool:
    """Tell whether there is memory for a suite beside another; where that cannot be told, there is."""
    available = available_memory()
    return available is None or available >= ROOM.get(suite, 0)


class Run:
    """One run of suites in one home."""

    def __init__(self, request: Request, home: Path) -> None:
        self._suites = request.suites
        self._long = request.long
        self._home = home
        self._environment = test_environment(home) | permissions(request) | ({LONG: "1"} if request.long else {})
        self._running: dict[str, Running] = {}

    def run_all(self) -> Results:
        """Run the suites and return what they say together; when stopped, only after their clean-up."""
        total = Results()
        try:
            with contextlib.ExitStack() as turn:
                turn.enter_context(machine_alone(self._home))
                for suite in self._suites:
                    self._start_beside(suite)
                    if suite == LAST:
                        turn.close()
                    total += self._run(suite)
        except Stopped:
            self._interrupt()
            raise
        return total

    def _start_beside(self, suite: str) -> None:
        """Start what runs beside a suite; its output is shown when its turn comes."""
        for other, company in BESIDE.items():
            if suite in company and other in self._suites and other not in self._running and has_room(other):
                self._start(other, self._home / "reports" / f"{other}.log")

    def _run(self, suite: str) -> Results:
        print(f"== {suite}", flush=True)
        if suite not in self._running:
            self._start(suite)
        running = self._running.get(suite)
        if running is None:
            return Results(failed=1)
        exit_code = running.process.wait()
        del self._running[suite]
        if running.output:
            print(running.output.read_text(encoding="utf-8", errors="replace"), end="")
        results = read_junit(running.report, exit_code)
        seconds = time.monotonic() - running.started
        print(f"== {suite}: {results.ran} ran, {results.failed} failed, {seconds:.0f} s\n", flush=True)
        return results

    def _start(self, suite: str, output: Path | None = None) -> None:
        """Start a suite unless what it needs beside this interpreter cannot be made."""
        report = self._home / "reports" / f"{suite}.xml"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        if not prepare(suite, self._environment):
            return
        command = [*PYTEST, "--quiet", "--durations=5", f"--junitxml={report}"]
        command += [*OPTIONS.get(suite, ()), *([] if self._long else ["-m", "not long"])]
        with contextlib.ExitStack() as files:
            # A process group of its own: Ctrl-C reaches pytest once, from us, and its fixtures take the engines down.
            process = subprocess.Popen(
                [*command, f"tests/{suite}"],
                cwd=CHECKOUT,
                env=self._environment,
                start_new_session=True,
                stdout=files.enter_context(output.open("wb")) if output else None,
                stderr=subprocess.STDOUT if output else None,
            )
        self._running[suite] = Running(suite, process, report, output, time.monotonic())

    def _interrupt(self) -> None:
        """Stop what runs and wait for its clean-up."""
        for running in self._running.values():
            running.process.send_signal(signal.SIGINT)
        for running in self._running.values():
            running.process.wait()


def stop(_number: int, _frame: FrameType | None) -> None:
    """Leave the wait for the running suite; later signals must not cut its clean-up short."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
