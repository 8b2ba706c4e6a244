from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.errors import ServiceError
from pipeline.health.service_states import ServiceState, resident_mb, service_state
from pipeline.health.table_states import TableState
from pipeline.health.topic_states import TopicState
from pipeline.health.trade_coverage import TradeCoverage
from pipeline.scheduler_api import MarketInUse
from pipeline.services import PORT_OFFSETS
from pipeline.settings import load_settings
from pipeline.tables.catalog import TABLES
from pipeline.verbs import status
from pipeline.verbs.status_view import show

KEYS = {
    "services": {"name", "up", "pid", "url", "rss_mb"},
    "topics": {"name", "end_offset", "lag"},
    "tables": {"name", "rows", "freshness_s", "data_files"},
    "trades": {"source", "product_id", "trades", "filled", "missing", "open_gaps", "lost"},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COINLAKE_PORT_BASE", "1100")
    return tmp_path


def service(name: str, *, up: bool = True) -> ServiceState:
    return ServiceState(name, up, 5 if up else None, "http://x", 100 if up else None)


def pretend(monkeypatch: pytest.MonkeyPatch, *services: ServiceState) -> None:
    monkeypatch.setattr(status, "service_states", lambda _settings: list(services))
    monkeypatch.setattr(
        status, "topic_states", lambda _settings, names, _limit: [TopicState(name, 7, 0) for name in names]
    )
    monkeypatch.setattr(status, "table_state", lambda _presto, table: TableState(table.full_name, 3, 1.5, 2))
    monkeypatch.setattr(status, "trade_coverage", lambda _presto: [TradeCoverage("coinbase", "BTC-USD", 9, 2, 1, 1, 0)])
    monkeypatch.setattr(
        "pipeline.scheduler_api.SchedulerApi.market", lambda _self: MarketInUse("simulator", "", "live", "")
    )


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_json_keeps_the_contract_when_all_is_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, service("kafka"), service("presto"), service("scheduler"))
    assert status.main(["--json"]) == 0
    found = printed(capsys)
    assert "the supervisor is gone" in found["faults"][0]  # none runs in this home
    assert set(found) == {*KEYS, "market", "trades_market", "market_fault", "faults"}
    assert all(set(entry) == keys for part, keys in KEYS.items() for entry in found[part])
    assert (found["market"], found["trades_market"]) == ("simulator", "live")
    assert found["topics"][0] == {"name": "coin_events", "end_offset": 7, "lag": 0}
    assert [table["name"] for table in found["tables"]] == [table.full_name for table in TABLES]


def test_a_market_without_prices_is_not_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, service("scheduler"))
    silent = MarketInUse("live", "", "live", "", "no price since 10:00: coingecko: no route")
    monkeypatch.setattr("pipeline.scheduler_api.SchedulerApi.market", lambda _self: silent)
    assert status.main(["--json"]) == 3
    assert printed(capsys)["market_fault"] == "no price since 10:00: coingecko: no route"


def test_what_is_down_is_not_asked_and_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, service("kafka", up=False), service("presto", up=False), service("scheduler", up=False))
    assert status.main(["--json"]) == 3
    found = printed(capsys)
    assert found["topics"][0] == {"name": "coin_events", "end_offset": None, "lag": None}
    assert found["tables"][0]["rows"] is None
    assert found["trades"] is None
    assert (found["market"], found["trades_market"]) == (None, None)


def test_an_engine_elsewhere_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pretend(monkeypatch, service("scheduler"))
    assert status.main(["--json"]) == 0
    assert printed(capsys)["tables"][0]["rows"] == 3


def test_what_hangs_or_fails_is_unknown_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, service("kafka"), service("presto"), service("scheduler"))
    forever = threading.Event()

    def failing(*_arguments: object) -> list[TopicState]:
        raise ServiceError("Kafka is away")

    monkeypatch.setattr(status, "ANSWER_S", 0.2)
    monkeypatch.setattr(status, "topic_states", failing)
    monkeypatch.setattr(status, "table_state", lambda *_: forever.wait(30))
    started = time.monotonic()
    assert status.main(["--json"]) == 0
    assert time.monotonic() - started < 5
    found = printed(capsys)
    forever.set()
    assert found["tables"][0] == {"name": TABLES[0].full_name, "rows": None, "freshness_s": None, "data_files": None}
    assert found["topics"][0]["lag"] is None


def test_a_lake_that_was_never_up_is_all_down(capsys: pytest.CaptureFixture[str]) -> None:
    assert status.main(["--json"]) == 3
    found = printed(capsys)
    assert {entry["name"] for entry in found["services"]} >= {"kafka", "presto", "spark", "scheduler"}
    assert not any(entry["up"] for entry in found["services"])
    assert found["faults"] == ["the lake is stopped: pipeline/scripts/pipeline_setup.sh starts it"]


def test_a_service_is_up_when_its_process_runs_and_its_port_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = server.getsockname()[1] - PORT_OFFSETS["kafka"]
        settings = load_settings({"COINLAKE_HOME": "/nowhere", "COINLAKE_PORT_BASE": str(base)})
        state = service_state(settings, "kafka", os.getpid())
        assert (state.up, state.pid, state.url) == (True, os.getpid(), f"127.0.0.1:{server.getsockname()[1]}")
        assert not service_state(settings, "kafka", None).up
    assert not service_state(settings, "kafka", os.getpid()).up


def test_memory_counts_the_children_too() -> None:
    program = "import subprocess, sys; x = bytes(range(256)) * 4 * 1024 * 60; print(flush=True); input()"
    shell = f'"{sys.executable}" -c "{program}"; true'
    with subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert 60 <= (resident_mb(parent.pid) or 0) < 200
        parent.communicate(b"\n")
    assert resident_mb(parent.pid) is None


def test_the_trade_producer_is_up_while_its_heart_beats(home: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(home)})
    assert not service_state(settings, "trades", os.getpid()).up
    settings.run_dir.mkdir()
    (settings.run_dir / "trades.json").write_text(json.dumps({"pid": os.getpid(), "time": time.time()}))
    assert service_state(settings, "trades", os.getpid()).up
    assert not service_state(settings, "trades", None).up


def test_the_tables_for_people_show_figures_and_what_is_unknown() -> None:
    text = io.StringIO()
    found = {
        "services": [
            {"name": "kafka", "up": True, "pid": 12345, "url": "127.0.0.1:1", "rss_mb": 1200},
            {"name": "presto", "up": False, "pid": None, "url": "http://x", "rss_mb": None},
        ],
        "topics": [{"name": "coin_events", "end_offset": 1234567, "lag": 0}],
        "tables": [{"name": "iceberg.a.b", "rows": None, "freshness_s": None, "data_files": None}],
        "trades": [TradeCoverage("coinbase", "BTC-USD", 1000, 2, 1, 1, 0).__dict__],
        "market": None,
        "trades_market": "live",
        "market_fault": "no price since 2026-11-24 10:00:00Z: coingecko: no route",
        "faults": ["spark: 'maintain a.b' has failed 3 times in succession; see the log [of Spark]"],
    }
    show(found, load_settings(), Console(file=text, width=100))
    lines = [line.split() for line in text.getvalue().splitlines()]
    assert "no price since 2026-11-24 10:00:00Z: coingecko: no route" in text.getvalue()
    assert "spark: 'maintain a.b' has failed 3 times in succession; see the log [of Spark]\n" in text.getvalue()
    assert ["kafka", "up", "12345", "1,200", "127.0.0.1:1"] in lines
    assert ["presto", "DOWN", "-", "-", "http://x"] in lines
    assert ["coin_events", "1,234,567", "0"] in lines
    assert ["iceberg.a.b", "-", "-", "-"] in lines
    assert ["BTC-USD", "coinbase", "1,000", "2", "1", "1", "0"] in lines


def test_a_postgres_of_someone_else_that_does_not_answer_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, service("kafka"))
    monkeypatch.setenv("COINLAKE_SERVING", "true")
    monkeypatch.setenv("POSTGRES_URL", "postgresql://127.0.0.1:9/gold")
    assert status.main(["--json"]) == status.NOT_WELL
    found = printed(capsys)
    entry = {"name": "serving-postgres", "up": False, "pid": None, "url": "postgresql://127.0.0.1:9/gold"}
    assert found["services"][-1] == entry | {"rss_mb": None}
    assert found["faults"][-1].startswith(
        "serving-postgres: postgresql://127.0.0.1:9/gold as reader: connection failed"
    )
