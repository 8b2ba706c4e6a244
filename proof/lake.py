"""A lake under proof: its services' processes, its verbs, its market and its tables, as faults and checks need them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.engines.jars.fetch import PROOF_SET, fetch_set
from pipeline.engines.supervisor import Client, client
from pipeline.errors import CoinlakeError, ServiceError
from pipeline.failpoints import VARIABLE
from pipeline.host.ports import free_port_base
from pipeline.presto import Presto
from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.settings.environment import without_settings
from pipeline.simulated_exchange import SimulatedExchange
from pipeline.verbs.hdfs_folders import make_folder
from proof.jvm import SHORT_LIVED
from proof.points import rules

SETUP, DOWN = "pipeline/scripts/pipeline_setup.sh", "pipeline/scripts/pipeline_down.sh"
SETUP_S, DOWN_S = 900.0, 180.0
PORT_BASES = range(20_000, 28_000, 100)
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Lake:
    """A running lake that may be hurt."""

    settings: Settings
    environ: Mapping[str, str]  # of its verbs
    failpoints: Path  # a file in this folder arms the point of its name

    @cached_property
    def presto(self) -> Presto:
        """Its Presto; each question opens a session of its own."""
        return Presto(self.settings.lake.presto_url, "coinlake-proof")

    @cached_property
    def exchange(self) -> SimulatedExchange:
        """The simulated exchange that its trades come from."""
        return SimulatedExchange.of(self.settings)

    @cached_property
    def supervisor(self) -> Client:
        """Who starts its services, and starts them again."""
        return client(self.settings)

    def maintain(self) -> None:
        """Have the driver begin to compact and expire every table, some time soon.

        Raises:
            ServiceError: HDFS does not answer.
        """
        make_folder(self.settings, f"{self.settings.lake.maintenance_requests}/{uuid.uuid4().hex}")

    def wait_until(self, condition: Callable[[], bool], seconds: float, aim: str) -> float:
        """Ask until it is so; return the seconds that took. An engine that is away counts as no.

        Raises:
            ServiceError: it was not so within `seconds`.
        """
        begun, last = time.monotonic(), "no"
        while True:
            try:
                if condition():
                    return time.monotonic() - begun
                last = "no"
            except CoinlakeError as error:
                last = str(error)
            if time.monotonic() - begun > seconds:
                raise ServiceError(f"not within {seconds:g} s: {aim}; the last answer: {last}")
            time.sleep(LOOK_AGAIN_S)


@contextmanager
def throwaway_lake(*, keep: bool = False) -> Iterator[Lake]:
    """Bring a lake up in a folder and on ports of its own; it is gone with all its data after the block, or kept.

    Raises:
        ServiceError: the set-up failed.
    """
    home = Path(tempfile.mkdtemp(prefix="coinlake-proof-"))
    home.chmod(0o755)
    environ = lake_environment(home, free_port_base(PORT_BASES))
    try:
        run(SETUP, "--native", "--market", "simulator", "--no-notebook", environ=environ, seconds=SETUP_S)
        yield Lake(load_settings(environ), environ, Path(environ[VARIABLE]))
    finally:
        if keep:
            kept = f"COINLAKE_HOME={home} COINLAKE_PORT_BASE={environ['COINLAKE_PORT_BASE']}"
            print(f"the lake stays; {kept} {DOWN} --purge takes it down")
        else:
            run(DOWN, environ=environ, seconds=DOWN_S)
            shutil.rmtree(home, ignore_errors=True)


def lake_environment(home: Path, port_base: int) -> dict[str, str]:
    """Return the environment of a lake with nothing of the user's own, whose driver dies where a point is armed."""
    failpoints = home / "failpoints"
    failpoints.mkdir(parents=True)
    return without_settings(os.environ) | {
        "COINLAKE_HOME": str(home),
        "COINLAKE_PORT_BASE": str(port_base),
        "COINLAKE_PYTHON": sys.executable,
        "JAVA_TOOL_OPTIONS": SHORT_LIVED,
        **mortal(failpoints, home / "proof"),
    }


def mortal(failpoints: Path, folder: Path) -> dict[str, str]:
    """Return the variables with which a lake's driver dies at each point that a file in `failpoints` arms.

    What that takes is put into another folder.
    """
    fetch_set(PROOF_SET, folder)
    (agent,) = (folder / PROOF_SET).glob("*.jar")
    script = folder / "points.btm"
    script.write_text(rules(failpoints), encoding="utf-8")
    return {VARIABLE: str(failpoints), "SPARK_SUBMIT_OPTS": f"-javaagent:{agent}=script:{script}"}


def run(script: str, *arguments: str, environ: Mapping[str, str], seconds: float) -> None:
    """Run one of the lake's commands, its output on ours.

    Raises:
        ServiceError: it failed or took longer than `seconds`.
    """
    command = [str(CHECKOUT / script), *arguments]
    try:
        subprocess.run(command, check=True, env=dict(environ), stdin=subprocess.DEVNULL, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ServiceError(f"{script} took longer than {seconds:g} s") from None
    except subprocess.CalledProcessError as error:
        raise ServiceError(f"{script} failed with exit code {error.returncode}; what it said stands above") from None
