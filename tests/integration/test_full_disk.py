"""A lake on a small disk of its own, which fills up while trades flow, and gets room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import load_settings
from pipeline.simulated_exchange import SimulatedExchange
from proof.jvm import SHORT_LIVED
from tests.integration.conftest import DOWN, SETUP
from tests.support.runner import free_port_base
from tests.support.stack import Stack
from tests.support.trading import TRADES, Session
from tests.support.waiting import wait_until

# The engines' jars take 1.2 GB of it; the preflight wants 4 GB to be free.
DISK = "6g"
TRADES_PER_S = 200
FULL_S = 60  # how long there is no room
BEFORE = 2_000
RECOVERY_S = 300


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory that holds nothing but a lake's home."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def lake(small_disk: Path, checkout: Path) -> Iterator[Stack]:
    """A lake with its home on the small disk, beside the one that all tests share."""
    env = os.environ | {"COINLAKE_HOME": str(small_disk / "home"), "COINLAKE_PORT_BASE": str(free_port_base())}
    env |= {"JAVA_TOOL_OPTIONS": SHORT_LIVED}
    found = Stack(load_settings(env), env, checkout)
    try:
        found.script(SETUP, "--native", "--market", "simulator", "--no-notebook", seconds=600)
        yield Stack(load_settings(env), env, checkout)  # reread: the set-up has made the secrets
    finally:
        found.script(DOWN, "--purge", "--yes")


class Ballast:
    """A file that leaves no room on a disk."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    def fill(self) -> None:
        """Take what room there is: again and again, since what ends gives some back."""
        with self._file.open("ab") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
                file.flush()

    def drop(self) -> None:
        """Give it all back."""
        self._file.unlink()


@pytest.mark.long
def test_a_disk_that_was_full_loses_and_doubles_no_trade(lake: Stack, small_disk: Path) -> None:
    session = Session(lake, SimulatedExchange.of(lake.settings))
    session.exchange.set_rate(TRADES_PER_S)
    wait_until(lambda: lake.count(TRADES) >= BEFORE, 60, f"{BEFORE} trades in the table")
    ballast = Ballast(small_disk)
    full_until = session.made() + FULL_S * TRADES_PER_S

    def is_over() -> bool:
        ballast.fill()
        return session.made() >= full_until

    wait_until(is_over, 3 * FULL_S, "trades made on a full disk")
    held = session.made()
    ballast.drop()
    wait_until(lambda: session.counts()[1] > held, RECOVERY_S, "trades made after there was room again")
    session.exchange.set_rate(0)
    session.wait_until_complete(RECOVERY_S)
    assert session.made() > BEFORE + FULL_S * TRADES_PER_S
