"""What the page makes of Presto's answers, and as whom it asks."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from monitor.page import lake, remembered
from monitor.page.faults import reason
from monitor.page.remembered import Remembered
from pipeline.errors import CoinlakeError, PrestoUnreachableError, QueryError, ServiceError, TableMissingError
from pipeline.presto import PROBE_SOURCE, Presto
from pipeline.settings import Settings, load_settings
from tests.support.fake_presto import FakePresto


@pytest.fixture
def settings(presto: FakePresto, tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": presto.url})


@pytest.fixture
def asking(presto: FakePresto) -> Presto:
    return Presto(presto.url)


def test_the_background_asks_as_a_probe_and_a_visit_as_a_reader(settings: Settings, presto: FakePresto) -> None:
    presto.gives({"product_id": "varchar"})
    lake.stats(lake.for_background(settings))
    lake.coverage(lake.for_person(settings))
    assert [headers["X-Presto-Source"] for headers in presto.headers] == [PROBE_SOURCE, "coinlake-page"]


def test_statistics_are_by_product_with_all_digits(asking: Presto, presto: FakePresto) -> None:
    presto.gives({"product_id": "varchar", "avg_price": "decimal(38,18)"}, ["BTC-USD", "1.100000000000000001"])
    assert lake.stats(asking) == {"BTC-USD": {"product_id": "BTC-USD", "avg_price": "1.100000000000000001"}}


def test_coverage_is_a_list_of_hours_for_each_product_and_source(asking: Presto, presto: FakePresto) -> None:
    names = ("source", "product_id", "hour_s", "received", "filled", "missing")
    rows = [["a", "BTC-USD", 0, 5, 1, 0], ["a", "BTC-USD", 3600, 4, 0, 2], ["b", "BTC-USD", 0, 1, 0, 0]]
    presto.gives(dict.fromkeys(names, "bigint"), *rows)
    assert lake.coverage(asking) == {
        "products": [
            {"product_id": "BTC-USD", "source": "a", "hours": [[0, 5, 1, 0], [3600, 4, 0, 2]]},
            {"product_id": "BTC-USD", "source": "b", "hours": [[0, 1, 0, 0]]},
        ]
    }


def test_days_without_a_close_are_gaps(asking: Presto, presto: FakePresto) -> None:
    columns = {"day": "date", "price_usd": "double", "source": "varchar"}
    days = [["2024-02-28", 61_234.567_89, "x"], ["2024-03-01", 0.000_123_456_789, "y"]]
    presto.gives(columns, *days)
    assert lake.history(asking, "bitcoin") == {
        "coin": "bitcoin",
        "first_day": "2024-02-28",
        "closes": [61234.57, None, 0.0001234568],
        "sources": [
            {"source": "x", "from": "2024-02-28", "to": "2024-02-28"},
            {"source": "y", "from": "2024-03-01", "to": "2024-03-01"},
        ],
    }
    assert "'bitcoin'" in next(statement for statement in presto.statements if statement.startswith("EXECUTE"))


def test_a_coin_without_days_is_no_error(asking: Presto, presto: FakePresto) -> None:
    presto.gives({"day": "date", "price_usd": "double", "source": "varchar"})
    assert lake.history(asking, "bitcoin")["first_day"] is None


def test_alerts_have_the_shape_of_the_topics(asking: Presto, presto: FakePresto) -> None:
    names = ("alert_id", "alert_type", "source", "product_id", "window_s", "move_pct", "reference_price", "price")
    row: list[object] = ["a1", "FLASH_CRASH", "simulator", "BTC-USD", 60, "-2.5", "97000", "94500"]
    presto.gives(dict.fromkeys((*names, "triggered_ms", "detected_ms"), "varchar"), [*row, 1, 2])
    assert lake.newest_alerts(asking) == [dict(zip(names, row, strict=True)) | {"triggered_ms": 1, "detected_ms": 2}]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PrestoUnreachableError("http://p:1", "refused"), "Presto at http://p:1 does not answer"),
        (ServiceError("Kafka at k:1 does not answer: a long story"), "Kafka at k:1 does not answer"),
        (ServiceError("no supervisord"), "no supervisord"),
        (QueryError("X", "message", None), "Presto: X: message (query without an id)"),
    ],
)
def test_faults_are_short(error: CoinlakeError, words: str) -> None:
    assert reason(error) == words


def test_a_table_that_is_not_there_yet_is_said() -> None:
    assert "hive_setup.sh" in reason(TableMissingError("SYNTAX_ERROR", "Table x does not exist", "q"))


def test_many_who_want_the_same_are_one_question() -> None:
    release, asked = threading.Event(), []

    def ask(*key: str) -> dict[str, Any]:
        asked.append(key)
        release.wait(10)
        return {"key": key}

    async def run() -> list[dict[str, Any]]:
        answers = Remembered(ask, 60.0)
        waiting = [asyncio.ensure_future(answers.get("a")) for _ in range(20)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()  # its viewer has gone: the others still want it
        release.set()
        return await asyncio.gather(*waiting[1:], answers.get("b"))

    found = asyncio.run(run())
    assert asked == [("a",), ("b",)]
    assert found == [{"key": ("a",)}] * 19 + [{"key": ("b",)}]


def test_a_failure_is_forgotten_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(remembered.time, "monotonic", lambda: now[0])
    faults, times = [ServiceError("down"), ServiceError("still")], []

    def ask() -> dict[str, Any]:
        times.append(now[0])
        if faults:
            raise faults.pop(0)
        return {"up": len(times)}

    async def run() -> list[str]:
        answers, said = Remembered(ask, 600.0), []
        for seconds in (0, 1, 3, 4, 599, 2):
            now[0] += seconds
            try:
                said.append(str(await answers.get()))
            except ServiceError as error:
                said.append(str(error))
        return said

    up = "{'up': 4}"
    assert asyncio.run(run()) == ["down", "down", "still", "{'up': 3}", "{'up': 3}", up]
