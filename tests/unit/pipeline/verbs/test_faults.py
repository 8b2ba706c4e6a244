from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from pipeline.engines.supervisor import ServiceState
from pipeline.errors import ServiceError
from pipeline.run_files import Beat
from pipeline.settings import Settings, load_settings
from pipeline.verbs.faults import alarm_faults, service_faults

RUNS = ServiceState("spark", "RUNNING", 7, None)
REFUSED = ServiceState("spark", "EXITED", None, 78)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings({"COINLAKE_HOME": str(tmp_path)})
    found.run_dir.mkdir()
    found.log_dir.mkdir()
    return found


def pretend(monkeypatch: pytest.MonkeyPatch, *states: ServiceState) -> None:
    class Daemon:
        def states(self) -> dict[str, ServiceState]:
            return {state.name: state for state in states}

    monkeypatch.setattr("pipeline.engines.supervisor.client", lambda _settings: Daemon())


def write_beat(settings: Settings, **figures: object) -> None:
    beat = {"pid": os.getpid(), "time": time.time()} | figures
    (settings.run_dir / "spark.json").write_text(json.dumps(beat))


def test_chores_that_keep_failing_are_named_with_their_count(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, RUNS)
    write_beat(settings, failing={"publish hive.crypto.coin_data": 1, "maintain iceberg.silver.fact_crypto_trades": 3})
    log = settings.log_dir / "spark.log"
    assert service_faults(settings) == [
        f"spark: 'maintain iceberg.silver.fact_crypto_trades' has failed 3 times in succession; retried. Log: {log}",
        f"spark: 'publish hive.crypto.coin_data' has failed once; retried. Log: {log}",
    ]


@pytest.mark.parametrize("figures", [{}, {"failing": {}}, {"failing": None}])
def test_nothing_is_said_of_a_job_in_good_order(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, figures: dict[str, object]
) -> None:
    pretend(monkeypatch, RUNS)
    assert service_faults(settings) == []  # before its first beat
    write_beat(settings, **figures)
    assert service_faults(settings) == []


def test_failures_of_a_job_that_has_ended_are_history(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ServiceState("spark", "STOPPED", None, 0))
    write_beat(settings, failing={"maintain iceberg.bronze.events": 3})
    assert service_faults(settings) == []


def test_a_refusal_is_shown_with_the_reason_from_the_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, REFUSED, ServiceState("kafka", "RUNNING", 3, None))
    log = settings.log_dir / "spark.log"
    log.write_text(
        "2026Z ERROR p: refusing to run: an old reason.\n"
        "2026Z ERROR p: refusing to run: Kafka deleted records. skip_lost_offsets.sh accepts it.\n"
        "2026-11-24Z INFO SparkContext: stopped\n"
    )
    (fault,) = service_faults(settings)
    assert fault == (
        "spark refused to run: Kafka deleted records. skip_lost_offsets.sh accepts it. "
        f"Log: {log}. pipeline/scripts/pipeline_setup.sh starts it again."
    )


def test_a_refusal_without_a_log_names_where_it_would_be(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, REFUSED)
    assert service_faults(settings)[0].startswith("spark refused to run. Log: ")


def test_a_program_that_is_not_found_points_at_the_supervisors_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, ServiceState("kafka", "FATAL", None, None))
    assert service_faults(settings) == [f"kafka could not be started; see {settings.log_dir / 'supervisord.log'}"]


def test_without_a_supervisor_nothing_is_known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def states(self) -> dict[str, ServiceState]:
            raise ServiceError("no supervisord answers")

    monkeypatch.setattr("pipeline.engines.supervisor.client", lambda _settings: Gone())
    assert service_faults(settings) == []


def test_open_alarms_and_messages_that_were_given_up_are_told(settings: Settings) -> None:
    assert alarm_faults(settings) == []
    Beat.now({"alarms": {"feed.coin_events": "no price has come for 10 minutes"}, "dead": 2}).write(
        settings.run_dir, "notifier"
    )
    assert alarm_faults(settings) == [
        "alarm feed.coin_events: no price has come for 10 minutes",
        "2 messages could not be delivered: monitor/alerts.sh list shows why, monitor/alerts.sh retry sends them again",
    ]


def test_alarms_of_a_notifier_that_has_ended_are_history(settings: Settings) -> None:
    Beat(os.getpid(), time.time() - 60, {"alarms": {"a": "b"}, "dead": 2}).write(settings.run_dir, "notifier")
    assert alarm_faults(settings) == []
