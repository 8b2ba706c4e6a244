"""`monitor/alerts.sh`: list, acknowledge, mute, try again; testing a channel is in test_notifier_process.py."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.notifier import command
from monitor.notifier.alarms.evaluator import Evaluator, open_alarms
from monitor.notifier.alarms.look import Look
from monitor.notifier.outbox import Outbox, Recipient
from pipeline.run_files import Beat
from pipeline.settings import load_settings
from pipeline.settings.notifications import AlarmBounds
from tests.support.notices import event

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """The outbox of a home whose notifier has raised an alarm and given a message up."""
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    settings = load_settings()
    outbox = Outbox(settings.data_dir, [Recipient("one")])
    Beat.now({"channels": ["one", "log"]}).write(settings.run_dir, "notifier")
    outbox.put([(event("lost", subject="x"), False)])
    delivery = outbox.claim("one")
    assert delivery is not None
    outbox.dead(delivery, "answered 410: refused for good")
    Evaluator(outbox, AlarmBounds(10, 1, 0, 1, 1, 1, 1)).evaluate(Look({"service.presto": "presto does not run"}))
    return outbox


@pytest.fixture
def run(outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        code = command.main(arguments)
        output = capsys.readouterr()
        return code, output.out + output.err

    return run


def test_list_shows_what_needs_a_person(run: Run) -> None:
    code, said = run("list")
    assert code == 0
    channels, alarm, waiting, lost = said.splitlines()
    assert channels == "channels: one, log"
    assert alarm.startswith("ALARM  service.presto: presto does not run; open for ")
    assert waiting.endswith("pending one  ALARM service.presto")
    assert lost.endswith("dead    one  title of lost: answered 410: refused for good (1 attempts)")


def test_list_as_json(run: Run, outbox: Outbox) -> None:
    outbox.sent(outbox.claim("one"))  # type: ignore[arg-type]
    found = json.loads(run("list", "--json")[1])
    assert set(found) == {"channels", "alarms", "mutes", "messages"}
    assert [alarm["alarm_id"] for alarm in found["alarms"]] == ["service.presto"]
    assert [(row["event_key"], row["state"]) for row in found["messages"]] == [("lost", "dead")]
    assert len(json.loads(run("list", "--all", "--json")[1])["messages"]) == 2


def test_an_alarm_is_acknowledged_for_a_while(run: Run, outbox: Outbox) -> None:
    assert "service.presto is acknowledged until" in run("ack", "service.presto", "--for", "2h")[1]
    (alarm,) = open_alarms(outbox)
    assert 7_190_000 < alarm.acked_until - outbox.now_ms() <= 7_200_000
    assert "acknowledged until" in run("list")[1]
    code, said = run("ack", "service.kafka")
    assert (code, said.partition(";")[0]) == (1, "alerts.sh: no alarm service.kafka is open")


def test_a_pattern_is_muted_and_unmuted(run: Run, outbox: Outbox) -> None:
    assert run("mute", "service.*", "--for", "7d")[0] == 0
    assert outbox.is_muted("service.presto")
    assert "muted  service.* until" in run("list")[1]
    assert run("unmute", "service.*") == (0, "service.* is no longer muted\n")
    assert not outbox.is_muted("service.presto")
    assert run("unmute", "service.*")[0] == 1


def test_what_was_given_up_is_sent_again(run: Run, outbox: Outbox) -> None:
    assert run("retry", "99")[0] == 1
    assert run("retry") == (0, "1 messages are sent again\n")
    again = outbox.claim("one")
    assert again is not None
    assert (again.event_key, again.attempts) == ("lost", 1)
    assert run("retry")[0] == 1


def test_a_test_needs_a_running_notifier_that_has_the_channel(run: Run, tmp_path: Path) -> None:
    code, said = run("test", "slack://")
    assert (code, said) == (1, "alerts.sh: no channel slack://; there are: one, log\n")
    (tmp_path / "run" / "notifier.json").unlink()
    assert "the notifier does not run" in run("test", "one")[1]


@pytest.mark.parametrize(
    "arguments",
    [(), ("mute", "x"), ("mute", "x", "--for", "5"), ("mute", "x", "--for", "0s"), ("ack",), ("retry", "x"), ("say",)],
)
def test_wrong_arguments_are_refused(run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2


def test_the_script_prints_its_usage(checkout: Path) -> None:
    done = subprocess.run([checkout / "monitor/alerts.sh", "--help"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"alerts.sh {verb}" in done.stdout for verb in ("list", "ack", "mute", "unmute", "retry", "test"))
