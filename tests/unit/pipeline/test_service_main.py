from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import (
    AlreadyRunningError,
    CheckpointMismatchError,
    ServiceError,
    SettingsError,
    StoppedError,
)
from pipeline.service_main import service_main
from pipeline.settings import Settings


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (SettingsError("COINS", "x", "coins"), 78),
        (AlreadyRunningError("scheduler", "4711", "/home"), 78),
        (CheckpointMismatchError("/checkpoints", "Kafka cluster", "a", "b"), 78),
        (StoppedError("stopped"), 0),
        (ServiceError("Kafka is away"), 1),
    ],
)
def test_what_ends_a_service_decides_its_exit_code(
    raised: Exception, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    def run(_settings: Settings, _stop: threading.Event) -> None:
        raise raised

    with caplog.at_level("INFO"):
        assert service_main(run) == code
    assert str(raised) in caplog.text


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (1, 1)])
def test_a_service_may_return_its_own_exit_code(returned: int | None, code: int) -> None:
    assert service_main(lambda _settings, _stop: returned) == code


def test_a_setting_that_cannot_be_used_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINLAKE_ALERT_RULES", "60:nan")
    assert service_main(lambda _settings, _stop: 5) == 78


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    def run(_settings: Settings, _stop: threading.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service_main(run)


CODE = """
import logging
from pipeline.service_main import service_main
def run(settings, stop):
    logging.getLogger("x").info("ready")
    assert stop.wait(30)
raise SystemExit(service_main(run))
"""


def test_a_signal_stops_it_and_times_are_utc(checkout: Path, tmp_path: Path) -> None:
    environ = os.environ | {"TZ": "Asia/Tokyo", "COINLAKE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", CODE], cwd=checkout, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    stamp = re.match(r"(\d{4}-\d\d-\d\d \d\d):.*Z INFO x: ready", said)
    assert stamp is not None
    logged = datetime.strptime(stamp[1], "%Y-%m-%d %H").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - logged) < timedelta(hours=2)
