"""The lake after all that the tests did to it, by name the last: every table holds what it must, computed afresh."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.events.catalog import TOPICS
from pipeline.simulated_exchange import SimulatedExchange
from pipeline.tables.catalog import TABLES
from pipeline.tables.model import Table
from pipeline.tables.ops import CANDLE_DIFFERENCES
from tests.support.recomputed import Recomputed
from tests.support.stack import Row, Stack
from tests.support.trading import IDLE_RATE, TRADES
from tests.support.waiting import wait_until

PRICES, PUBLISHED = "iceberg.silver.coin_prices", "hive.crypto.coin_data"
OBSERVATION = "coin, event_time, price_usd, market_cap_usd, volume_usd, source"
ALERTS = (
    "product_id, alert_type, window_s, move_pct, reference_price, CAST(reference_time AS varchar), price, "
    "CAST(triggered_at AS varchar), alert_id FROM gold.dm_market_alerts"
)
RULES = {60: 2, 300: 5}  # seconds -> per cent, the lake's default
COOLDOWN = timedelta(seconds=300)
MAY_BE_EMPTY = (CANDLE_DIFFERENCES,)  # days are compared hours after their end
CLEARLY = 1.1  # a move this much larger than the rule asks for is an alert, whatever the batches it came in


@dataclass(frozen=True)
class Whole:
    """The lake at rest, and what its trades say that its tables must hold."""

    stack: Stack
    exchange: SimulatedExchange
    expected: Recomputed


@pytest.fixture(scope="module")
def whole(stack: Stack) -> Iterator[Whole]:
    """No more trades are made, and what follows from those that were has caught up."""
    exchange = SimulatedExchange.of(stack.settings)
    exchange.plan()
    exchange.set_rate(0)
    newest = f"SELECT product_id, max(trade_id) FROM {TRADES} GROUP BY product_id"
    wait_until(lambda: dict(stack.presto(newest)) == exchange.last_ids(), 120, "all trades are in the table")
    wait_until(lambda: stack.count("ops.gaps", "status = 'open'") == 0, 120, "no gap is open")
    held = stack.count(TRADES)
    for counted in ("sum(trades) FROM silver.candles_1m", "sum(received + filled) FROM ops.coverage"):
        wait_until(lambda sql=counted: stack.presto(f"SELECT {sql}")[0][0] == held, 120, f"{counted} is {held}")
    rows = stack.presto(f"SELECT product_id, trade_id, CAST(trade_time AS varchar), price, size, channel FROM {TRADES}")
    yield Whole(stack, exchange, Recomputed(rows))
    exchange.set_rate(IDLE_RATE)


def typed(rows: list[Row]) -> list[Row]:
    """Return rows with decimals and times, which Presto sends as text, as such."""
    return [tuple(map(typed_value, row)) for row in rows]


def typed_value(value: object) -> object:
    if not isinstance(value, str):
        return value
    for kind in (Decimal, datetime.fromisoformat):
        try:
            return kind(value)
        except (InvalidOperation, ValueError):
            continue
    return value


def table(whole: Whole, columns: str, name: str) -> list[Row]:
    return typed(whole.stack.presto(f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3"))


def test_each_trade_made_is_there(whole: Whole) -> None:
    query = f"SELECT product_id, max(trade_id), count(*), max(trade_id) - min(trade_id) + 1 FROM {TRADES} GROUP BY 1"
    found = {product: (last, rows == ids) for product, last, rows, ids in whole.stack.presto(query)}
    assert found == {product: (last, True) for product, last in whole.exchange.last_ids().items()}


@pytest.mark.parametrize("stated", [each for each in TABLES if each.key], ids=lambda each: each.name)
def test_each_key_is_there_once(whole: Whole, stated: Table) -> None:
    key = ", ".join(f'"{name}"' for name in stated.key)
    assert stated in MAY_BE_EMPTY or whole.stack.count(stated.full_name) > 0
    assert whole.stack.presto(f"SELECT {key} FROM {stated.full_name} GROUP BY {key} HAVING count(*) > 1") == []


def test_bronze_holds_every_record(whole: Whole) -> None:
    ends = end_offsets(whole.stack)
    query = (
        'SELECT topic, "partition", min("offset"), max("offset") + 1, count(*), count(DISTINCT "offset"), '
        "count(DISTINCT topic_id) FROM bronze.events GROUP BY 1, 2"
    )

    def held() -> dict[tuple[str, int], Row]:
        return {(topic, part): tuple(counts) for topic, part, *counts in whole.stack.presto(query)}

    def caught_up() -> dict[tuple[str, int], Row] | None:
        now = held()
        return now if all(now.get(part, (0, 0))[1] >= end for part, end in ends.items()) else None

    found = wait_until(caught_up, 60, "bronze has caught up")
    assert {part: counts for part, counts in found.items() if counts != (0, *[counts[1]] * 3, 1)} == {}


def end_offsets(stack: Stack) -> dict[tuple[str, int], int]:
    """Return the end offset of each partition that has records; all are kept since the first."""
    consumer = Consumer({"bootstrap.servers": stack.settings.kafka.bootstrap, "group.id": "test"})
    parts = [(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
    watermarks = {part: consumer.get_watermark_offsets(TopicPartition(*part), timeout=10) for part in parts}
    consumer.close()
    assert {low for low, _ in watermarks.values()} == {0}
    return {part: high for part, (_, high) in watermarks.items() if high > 0}


def test_candles_equal_the_trades(whole: Whole) -> None:
    columns = (
        "product_id, CAST(minute AS varchar), open, high, low, close, volume, turnover, price_sum, trades, filled, "
        "first_trade_id, last_trade_id"
    )
    assert table(whole, columns, "silver.candles_1m") == whole.expected.candles()


def test_statistics_equal_the_trades(whole: Whole) -> None:
    columns = (
        "product_id, CAST(window_start AS varchar), CAST(window_end AS varchar), min_price, max_price, volume, trades, "
        "avg_price, vwap"
    )
    assert table(whole, columns, "gold.dm_crypto_price_stats") == whole.expected.statistics()


def test_coverage_equals_the_trades_and_nothing_is_missing(whole: Whole) -> None:
    columns = "product_id, CAST(hour AS varchar), expected, received, filled, missing, first_trade_id, last_trade_id"
    found = table(whole, columns, "ops.coverage")
    assert found == whole.expected.coverage()
    assert {row[5] for row in found} == {0}


def test_each_alert_is_a_move_of_the_trades(whole: Whole) -> None:
    for product, kind, window_s, move, reference, since, price, at, name in whole.stack.presto(f"SELECT {ALERTS}"):
        moved = (Decimal(price) - Decimal(reference)) / Decimal(reference) * 100
        assert abs(moved - Decimal(move)) < Decimal("1e-5"), name
        assert (moved if kind == "PRICE_SURGE" else -moved) >= RULES[window_s], name
        within = datetime.fromisoformat(at) - datetime.fromisoformat(since)
        assert timedelta() < within <= timedelta(seconds=window_s), name
        assert Decimal(price) in whole.expected.prices_at(product, at), name
        assert Decimal(reference) in whole.expected.prices_at(product, since), name


def test_each_clear_move_has_one_alert(whole: Whole) -> None:
    raised = defaultdict(list)
    for product, kind, *_, at, _ in whole.stack.presto(f"SELECT {ALERTS}"):
        raised[product, kind].append(datetime.fromisoformat(at))
    for times in raised.values():
        ordered = sorted(times)
        assert all(later - earlier > COOLDOWN for earlier, later in pairwise(ordered))
    moves = [
        move for window_s, percent in RULES.items() for move in whole.expected.moves(window_s - 2, percent * CLEARLY)
    ]
    unseen = [
        (product, kind, at)
        for product, kind, at in moves
        if not any(abs(at - time) <= COOLDOWN for time in raised[product, kind])
    ]
    assert moves, "the tests before made prices move"
    assert unseen == []


def test_the_published_table_equals_silver(whole: Whole) -> None:
    until = "NOT (source = 'simulator' AND event_time > localtimestamp - INTERVAL '10' SECOND)"  # those still come in
    rows = {name: f"SELECT {OBSERVATION} FROM {name} WHERE {until}" for name in (PRICES, PUBLISHED)}
    differences = (
        f"({rows[PRICES]} EXCEPT {rows[PUBLISHED]}) UNION ALL ({rows[PUBLISHED]} EXCEPT {rows[PRICES]}) LIMIT 20"
    )
    wait_until(lambda: whole.stack.presto(differences) == [], 90, "the published table holds silver's rows")


def answer(whole: Whole, name: str, *params: object) -> list[Row]:
    """Return what a query that people use answers."""
    text = Path(whole.stack.root, "analysis", "sql", f"{name}.sql").read_text(encoding="utf-8")
    return typed(whole.stack.presto(text.rstrip().removesuffix(";"), params))


def test_the_query_of_coverage_tells_the_truth(whole: Whole) -> None:
    sums: defaultdict[object, Counter[str]] = defaultdict(Counter)
    for product, _, expected, received, filled, missing, *_ in whole.expected.coverage():
        sums[product].update(expected=expected, received=received, filled=filled, missing=missing)
    found = {
        row[1]: Counter(expected=row[2], received=row[3], filled=row[4], missing=row[5])
        for row in answer(whole, "trade_coverage")
    }
    assert found == sums


def test_the_query_of_volume_tells_the_truth(whole: Whole) -> None:
    expected: dict[str, Row] = {}
    for product, _, *_, close, volume, turnover, _, trades, _, _, _ in whole.expected.candles():
        before = expected.get(asset := product.partition("-")[0], (Decimal(), Decimal(), 0))
        expected[asset] = (before[0] + volume, before[1] + turnover, before[2] + trades, close)
    assert {row[1]: row[3:] for row in answer(whole, "volume_per_asset", 24)} == expected


def test_the_query_of_the_trend_tells_the_truth(whole: Whole) -> None:
    found = [(row[1], row[2], row[3], row[8]) for row in answer(whole, "price_trend", 24)]
    assert found == [(row[0], row[2], row[7], row[6]) for row in whole.expected.statistics()]


def test_the_query_of_gaps_shows_every_gap(whole: Whole) -> None:
    found = answer(whole, "trade_gaps", 24)
    assert len(found) == whole.stack.count("ops.gaps") > 0
    assert [row for row in found if row[0] != "filled" or row[5] != row[4] - row[3] + 1 or row[6] != row[5]] == []


def test_the_query_of_alerts_shows_every_alert(whole: Whole) -> None:
    found = [row[-1] for row in answer(whole, "live_alerts", 24)]
    assert sorted(found) == sorted(name for (name,) in whole.stack.presto("SELECT alert_id FROM gold.dm_market_alerts"))


def test_the_query_of_prices_counts_every_row(whole: Whole) -> None:
    counted: Counter[object] = Counter()
    for name, _, _, rows, *_ in answer(whole, "coverage"):
        counted[name] += rows
    assert set(counted) == {PRICES, PUBLISHED}
    for name, rows in counted.items():
        assert 0 < rows <= whole.stack.count(str(name))
