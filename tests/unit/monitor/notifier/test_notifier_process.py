"""The notifier as a process, without a Kafka: kills in the middle of sending, its heartbeat, its refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.notifier import command
from monitor.notifier.outbox import Outbox, Recipient
from pipeline.failpoints import VARIABLE
from pipeline.settings import CHECKOUT, load_settings
from tests.support.notices import event
from tests.support.runner import free_port_base
from tests.support.waiting import wait_until
from tests.support.webhook import Receiver

START_S = 240  # on a machine that is busy with lakes
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def environ(tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a notifier with one webhook; failpoints are armed in the folder `points`."""
    (tmp_path / "points").mkdir()
    given = {
        "COINLAKE_HOME": str(tmp_path),
        "COINLAKE_PORT_BASE": str(free_port_base()),
        "COINLAKE_ALERT_CHANNELS": hook.url,
        VARIABLE: str(tmp_path / "points"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **given, "PYTHONPATH": str(CHECKOUT)}


@contextmanager
def notifier(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command_line = [sys.executable, "-m", "monitor.notifier"]
    with (Path(environ["COINLAKE_HOME"]) / "log").open("ab") as log:
        # A session of its own: a failpoint kills the process and its group.
        process = subprocess.Popen(command_line, env=environ, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def beat(home: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        return dict(json.loads((home / "run" / "notifier.json").read_text()))
    return {}


def put(home: Path, channel: str, *keys: str) -> None:
    """Put messages into the outbox from outside, as an alert of the topic would be."""
    outbox = Outbox(home / "data", [Recipient(channel)])
    outbox.put([(event(key, subject=key), False) for key in keys])
    outbox.close()


def test_a_message_arrives_once_by_its_key_whenever_the_process_is_killed(
    environ: dict[str, str], tmp_path: Path, hook: Receiver
) -> None:
    channel = hook.url.removesuffix("/hook")
    put(tmp_path, channel, "a")
    for point in ("notifier.claimed", "notifier.sent"):
        (tmp_path / "points" / point).touch()
        with notifier(environ) as process:
            assert process.wait(START_S) == -signal.SIGKILL
    assert [request.key for request in hook.requests] == ["a"]  # the first kill came before it was sent
    put(tmp_path, channel, "b")
    with notifier(environ) as process:
        wait_until(lambda: hook.times_taken["b"], START_S, "the other message")
        wait_until(lambda: beat(tmp_path).get("messages_sent") == 2, START_S, "both are noted")
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0
    assert hook.times_taken == {"a": 2, "b": 1}
    assert len({request.raw for request in hook.requests if request.key == "a"}) == 1
    log = (tmp_path / "log").read_text()
    assert "1 messages were being sent when the last process ended; they are sent again" in log
    assert hook.url not in log
    prom = (tmp_path / "run" / "notifier.prom").read_text()
    assert "coinlake_notifier_messages_sent 2.0" in prom


def test_a_channel_is_tested_by_the_running_notifier(
    environ: dict[str, str], tmp_path: Path, hook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    channel = hook.url.removesuffix("/hook")
    with notifier(environ):
        wait_until(lambda: beat(tmp_path).get("channels") == [channel], START_S, "the notifier is up")
        assert command.main(["test", channel]) == 0
        assert capsys.readouterr().out == f"{channel} has taken the message\n"
        hook.answers = [(410, {})]
        assert command.main(["test", channel]) == 1
        assert "answered 410" in capsys.readouterr().err
    assert {request.body["kind"] for request in hook.requests} == {"test"}


def test_a_channel_that_cannot_be_opened_is_a_refusal(environ: dict[str, str], tmp_path: Path) -> None:
    with notifier({**environ, "COINLAKE_ALERT_CHANNELS": "nonsense://geheim"}) as process:
        assert process.wait(START_S) == os.EX_CONFIG
    log = (tmp_path / "log").read_text()
    assert "refusing to run: COINLAKE_ALERT_CHANNELS='nonsense://'" in log
    assert "geheim" not in log


def test_settings_never_show_a_channels_address(environ: dict[str, str]) -> None:
    assert environ["COINLAKE_ALERT_CHANNELS"] not in repr(load_settings(environ))
