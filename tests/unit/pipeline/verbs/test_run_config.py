from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.supervisor import ServiceState
from pipeline.host.options import SetupOptions
from pipeline.settings import load_settings
from pipeline.verbs.run_config import Running, choose, running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COINLAKE_MARKET", "COINLAKE_SMALL", "COINLAKE_SERVING", "COINLAKE_SUPERSET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))


def pretend_running(monkeypatch: pytest.MonkeyPatch, now: Running) -> None:
    monkeypatch.setattr("pipeline.verbs.run_config.running", lambda _settings: now)


def test_nothing_runs_and_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_running(monkeypatch, Running())
    chosen = choose(SetupOptions())
    assert (chosen.settings.markets.mode, chosen.settings.small) == ("auto", False)
    assert {"notebook", "simulator"} <= set(chosen.services)


def test_the_running_lake_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINLAKE_MARKET", "live")
    pretend_running(monkeypatch, Running(market="simulator", small=True, notebook=False))
    chosen = choose(SetupOptions())
    assert (chosen.settings.markets.mode, chosen.settings.small) == ("simulator", True)
    assert "notebook" not in chosen.services


def test_options_win_over_the_running_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_running(monkeypatch, Running(market="simulator", small=True, notebook=False))
    chosen = choose(SetupOptions(market="live", small=False, notebook=True))
    assert (chosen.settings.markets.mode, chosen.settings.small) == ("live", False)
    assert "notebook" in chosen.services
    assert "simulator" not in chosen.services
    assert chosen.turns_live


@pytest.mark.parametrize(
    ("now", "asked", "turns"), [("live", "live", False), (None, "live", True), ("live", "auto", False)]
)
def test_the_market_is_checked_only_before_it_turns_live(
    monkeypatch: pytest.MonkeyPatch, now: str | None, asked: str, turns: bool
) -> None:
    pretend_running(monkeypatch, Running(market=now))
    assert choose(SetupOptions(market=asked)).turns_live is turns


def test_settings_are_the_default_where_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COINLAKE_MARKET=simulator\nCOINLAKE_SMALL=true\n")
    chosen = choose(SetupOptions())
    assert (chosen.settings.markets.mode, chosen.settings.small) == ("simulator", True)


SERVERS = {"serving-postgres", "serving-s3"}


def test_serving_is_off_until_it_is_asked_for_and_then_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_running(monkeypatch, Running())
    assert not SERVERS & set(choose(SetupOptions()).services)
    chosen = choose(SetupOptions(serving=True))
    assert set(chosen.services) >= SERVERS
    assert (chosen.settings.serving.enabled, chosen.settings.serving.dashboards) == (True, True)
    pretend_running(monkeypatch, Running(serving=True, superset=False))
    kept = choose(SetupOptions())
    assert set(kept.services) >= SERVERS
    assert (kept.settings.serving.enabled, kept.settings.serving.dashboards) == (True, False)
    assert not SERVERS & set(choose(SetupOptions(serving=False)).services)


def test_a_postgres_of_someone_else_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_running(monkeypatch, Running())
    monkeypatch.setenv("POSTGRES_URL", "postgresql://db.example:5432/gold")
    assert SERVERS & set(choose(SetupOptions(serving=True)).services) == {"serving-s3"}


class Daemon:
    """A supervisord that looks after a scheduler (pid 7) and Kafka (pid 8)."""

    def answers(self) -> bool:
        return True

    def states(self) -> dict[str, ServiceState]:
        return {
            "kafka": ServiceState("kafka", "RUNNING", 8, None),
            "scheduler": ServiceState("scheduler", "RUNNING", 7, None),
            "spark": ServiceState("spark", "EXITED", None, 78),
        }


def test_running_is_read_from_the_live_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    environments = {
        7: {"COINLAKE_MARKET": "simulator", "COINLAKE_SMALL": "true", "COINLAKE_SERVING": "true"},
        8: {"COINLAKE_SMALL": "true"},
    }
    monkeypatch.setattr("pipeline.engines.supervisor.client", lambda _settings: Daemon())
    monkeypatch.setattr("pipeline.host.processes.environment", environments.__getitem__)
    settings: Any = None
    assert running(settings) == Running(market="simulator", small=True, notebook=False, serving=True, superset=None)


def test_running_is_unknown_without_a_supervisor() -> None:
    assert running(load_settings()) == Running(None, None, None)
