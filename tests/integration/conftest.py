"""The one stack that all integration tests share, brought up by the real set-up and taken down whatever happens."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from pipeline.services import SERVICES
from pipeline.settings import load_settings
from pipeline.simulated_exchange import SimulatedExchange
from proof.jvm import SHORT_LIVED
from proof.lake import mortal
from tests.support.stack import Stack
from tests.support.trading import IDLE_RATE

SETUP = "pipeline/scripts/pipeline_setup.sh"
DOWN = "pipeline/scripts/pipeline_down.sh"


@pytest.fixture(scope="session")
def failpoints() -> Path:
    """The folder in which a file arms the point of its name; see `pipeline/failpoints.py`."""
    folder = Path(os.environ["COINLAKE_TEST_HOME"], "failpoints")
    folder.mkdir(parents=True, exist_ok=True)
    for armed in folder.iterdir():
        armed.unlink()
    return folder


@pytest.fixture(scope="session")
def channels() -> Path:
    """The file that names the notifier's channels; another content counts from its next start on."""
    file = Path(os.environ["COINLAKE_TEST_HOME"], "channels")
    file.write_text("log\n")
    return file


@pytest.fixture(scope="session")
def stack(checkout: Path, history_file: Path, failpoints: Path, channels: Path) -> Iterator[Stack]:
    """The running lake, set up as the README says, in the home and on the ports that `tests/run.sh` chose."""
    # Simulated prices every 5 s and evaluations of alarms every 2 s, so that tests need not wait.
    env = os.environ | {"COINLAKE_POLL_SECONDS": "5", "COINLAKE_ALARM_SECONDS": "2"}
    env |= mortal(failpoints, failpoints.with_name("proof"))
    env |= {"COINLAKE_ALERT_CHANNELS_FILE": str(channels), "JAVA_TOOL_OPTIONS": SHORT_LIVED}
    lake = Stack(load_settings(env), env, checkout)
    if str(lake.settings.home.parent) != env.get("COINLAKE_TEST_HOME"):
        pytest.fail("run me by tests/run.sh integration: I empty my home, which must not be yours", pytrace=False)
    keep = bool(env.get("COINLAKE_TEST_KEEP"))
    if not keep:
        clear(lake)
    try:
        given = ("--native", "--market", "simulator", "--history", str(history_file))
        print(lake.script(SETUP, *given, "--with", "serving", "--no-superset", seconds=900))
        ready = Stack(load_settings(env), env, checkout)  # reread: the set-up has made the secrets
        SimulatedExchange.of(ready.settings).set_rate(IDLE_RATE)
        yield ready
    finally:
        if not keep:
            print(lake.script(DOWN))


@pytest.fixture
def source() -> str:
    """A source label that no other test and no earlier run has used, to tell this test's rows by."""
    return f"test-{uuid.uuid4().hex[:16]}"


def clear(lake: Stack) -> None:
    """Take down what a killed run may have left in our home, and start from nothing."""
    if lake.settings.home.exists():
        lake.run(DOWN)
        shutil.rmtree(lake.settings.home)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of every service's log to the report of a test that failed."""
    report = yield
    lake = item.funcargs.get("stack") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(lake, Stack):
        report.sections += [(f"log of {name}", lake.log(name)) for name in SERVICES]
    return report
