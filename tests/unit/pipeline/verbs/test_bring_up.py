from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.supervisor import ServiceState
from pipeline.errors import ServiceError
from pipeline.settings import load_settings
from pipeline.verbs import bring_up
from pipeline.verbs.run_config import Choices


class Daemon:
    """Stands for supervisord: what runs, and the calls it got."""

    def __init__(self, **states: str) -> None:
        self.known = states
        self.changes: list[str] = []
        self.calls: list[tuple[str, ...]] = []

    def answers(self) -> bool:
        return bool(self.known)

    def states(self) -> dict[str, ServiceState]:
        return {name: ServiceState(name, state, 1, 78) for name, state in self.known.items()}

    def apply_changes(self) -> list[str]:
        return self.changes

    def stop(self, *names: str) -> None:
        self.calls.append(("stop", *names))
        self.known |= dict.fromkeys(names, "STOPPED")

    def start(self, name: str) -> None:
        self.calls.append(("start", name))


@pytest.fixture
def choices(tmp_path: Path) -> Choices:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    settings.log_dir.mkdir()
    return Choices(settings, ("kafka", "datanode", "presto"))


def use(monkeypatch: pytest.MonkeyPatch, daemon: Daemon, rendered: list[Path] | None = None) -> None:
    monkeypatch.setattr("pipeline.engines.supervisor.client", lambda _settings: daemon)
    monkeypatch.setattr("pipeline.engines.render.render_all", lambda _settings, _services: rendered or [])


def test_a_live_lake_is_left_alone(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    daemon = Daemon(kafka="RUNNING", datanode="RUNNING", presto="RUNNING")
    use(monkeypatch, daemon)
    assert bring_up.start(choices) == "services were running"
    assert daemon.calls == [("stop",)]


def test_only_readers_of_changed_configuration_are_restarted(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    daemon = Daemon(kafka="RUNNING", datanode="RUNNING", presto="RUNNING")
    daemon.changes = ["datanode"]  # restarted by supervisord itself already
    conf = choices.settings.conf_dir
    use(monkeypatch, daemon, [conf / "hadoop" / "hdfs-site.xml", conf / "supervisord.conf"])
    assert bring_up.start(choices) == "services were running; restarted: datanode, presto"
    assert daemon.calls == [("stop", "presto"), ("start", "presto")]


def test_what_is_no_longer_wanted_is_said_to_be_stopped(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    daemon = Daemon(kafka="RUNNING", datanode="RUNNING", presto="RUNNING")
    daemon.changes = ["datanode", "serving-s3"]
    use(monkeypatch, daemon)
    assert bring_up.start(choices) == "services were running; restarted: datanode; stopped: serving-s3"


def test_new_jars_restart_the_engines(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    daemon = Daemon(kafka="RUNNING", datanode="RUNNING", presto="RUNNING", scheduler="RUNNING")
    use(monkeypatch, daemon)
    assert bring_up.start(choices, new_jars=True) == "services were running; restarted: datanode, kafka, presto"


def test_a_service_that_had_refused_is_started_again(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    daemon = Daemon(kafka="RUNNING", datanode="EXITED", presto="RUNNING")
    use(monkeypatch, daemon)
    assert bring_up.start(choices) == "services were running; restarted: datanode"


def test_leftovers_are_ended_before_a_new_start(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    done: list[Any] = []

    def ended(_home: Path) -> dict[int, str]:
        done.append("ended")
        return {9: "kafka"}

    use(monkeypatch, Daemon())
    monkeypatch.setattr("pipeline.engines.leftovers.stop_leftovers", ended)
    monkeypatch.setattr("pipeline.engines.supervisor.start_daemon", lambda _settings, services: done.append(services))
    assert bring_up.start(choices) == "3 services started; first ended what an earlier run had left: kafka"
    assert done == ["ended", choices.services]


def test_wait_ready_returns_when_the_probe_is_content(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    reasons = ["not yet", None]
    use(monkeypatch, Daemon(kafka="STARTING"))
    monkeypatch.setattr("pipeline.health.probes.check", lambda _name, _settings: reasons.pop(0))
    bring_up.wait_ready(choices.settings, "kafka", within_s=5)
    assert reasons == []


def test_a_time_out_names_service_reason_log_and_next_step(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    lines = "".join(f"line {number}\n" for number in range(1000))
    (choices.settings.log_dir / "kafka.log").write_text(lines)
    use(monkeypatch, Daemon(kafka="RUNNING"))
    monkeypatch.setattr("pipeline.health.probes.check", lambda _name, _settings: "connection refused")
    with pytest.raises(ServiceError) as failed:
        bring_up.wait_ready(choices.settings, "kafka", within_s=0)
    told = str(failed.value)
    assert told.startswith("kafka was not ready within 0 s (connection refused). The end of ")
    assert "    line 985\n" in told
    assert "    line 984\n" not in told
    assert "line 999\n  Next: " in told


def test_a_refusal_is_told_at_once(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    use(monkeypatch, Daemon(kafka="EXITED"))
    monkeypatch.setattr("pipeline.health.probes.check", lambda _name, _settings: "connection refused")
    with pytest.raises(ServiceError, match=r"(?s)kafka refused to run.*the log is empty"):
        bring_up.wait_ready(choices.settings, "kafka", within_s=60)


def test_a_refusal_is_told_by_its_reason_alone(monkeypatch: pytest.MonkeyPatch, choices: Choices) -> None:
    use(monkeypatch, Daemon(kafka="EXITED"))
    monkeypatch.setattr("pipeline.health.probes.check", lambda _name, _settings: "connection refused")
    log = choices.settings.log_dir / "kafka.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("\tat java.lang.Thread.run\n2026-01-15 ERROR pipeline: refusing to run: another Kafka.\nafter it\n")
    with pytest.raises(ServiceError) as failed:
        bring_up.wait_ready(choices.settings, "kafka", within_s=60)
    told = f"kafka refused to run: another Kafka.\n  Log: {log}. Then rerun the command; it resumes where it stopped."
    assert str(failed.value) == told


def test_a_program_that_was_never_found_is_explained_by_the_supervisor(
    monkeypatch: pytest.MonkeyPatch, choices: Choices
) -> None:
    (choices.settings.log_dir / "supervisord.log").write_text("spawnerr: can't find command 'kafka.sh'\n")
    use(monkeypatch, Daemon(kafka="FATAL"))
    monkeypatch.setattr("pipeline.health.probes.check", lambda _name, _settings: "connection refused")
    with pytest.raises(ServiceError, match=r"(?s)supervisord could not start kafka.*supervisord\.log:.*can't find"):
        bring_up.wait_ready(choices.settings, "kafka", within_s=60)
