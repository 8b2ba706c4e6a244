from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from monitor import watch
from pipeline.errors import ServiceError
from pipeline.settings import CHECKOUT
from tests.support.processes import INTERRUPTIBLE


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--limit", "x"], ["--nonsense"]])
def test_wrong_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        watch.main(arguments)
    assert stopped.value.code == 2
    assert "watch_kafka.sh" in capsys.readouterr().err


def test_kafka_down_is_said_once_and_ctrl_c_ends_with_0() -> None:
    with subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, "-m", "monitor.watch"],
        cwd=CHECKOUT,
        env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"},
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr is not None
        first = program.stderr.readline()
        time.sleep(1)
        program.send_signal(signal.SIGINT)
        rest = program.communicate(timeout=20)[1]
    assert "Kafka at 127.0.0.1:9 does not answer" in first
    assert rest.strip() == ""
    assert program.returncode == 0


def test_a_bad_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "nowhere")
    assert watch.main([]) == 1
    assert capsys.readouterr().err.startswith("watch_kafka.sh: KAFKA_BOOTSTRAP_SERVERS='nowhere'")


def test_an_unknown_topic_is_told_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = watch.Watcher({"bootstrap.servers": "127.0.0.1:9"})
    monkeypatch.setattr(watcher, "_topics", lambda: {"coin_events": 3, "__consumer_offsets": 50})
    with pytest.raises(ServiceError, match=r"no topic called nope; Kafka has: coin_events$"):
        watcher.assign(["coin_events", "nope"], from_beginning=False)
    watcher.close()
