"""The simulated market's candles: the same each time, within their prices, and one of each minute of the span."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipeline.ingest.replay.rows import Place, Rows, read_candles
from pipeline.ingest.replay.simulated import SimulatedRows
from pipeline.ingest.simulator.exchange.quotes import Quotes

START = datetime(2025, 3, 1, tzinfo=UTC)


def rows(minutes: int) -> SimulatedRows:
    return SimulatedRows(1, "BTC-USD", START, START + timedelta(minutes=minutes))


def values(blocks: list[Rows]) -> list[tuple[object, ...]]:
    columns = ((block.numbers, block.times, *block.values) for block in blocks)
    return [row for block in columns for row in zip(*(column.to_pylist() for column in block), strict=True)]


def test_each_minute_of_the_span_has_a_candle() -> None:
    blocks = list(rows(3000).blocks(Place()))
    found = values(blocks)
    assert [row[1] for row in found] == [str(int(START.timestamp()) + 60 * n) for n in range(3000)]
    assert [block.done for block in blocks] == [1440, 2880, 3000]
    for block in blocks:
        candles, bad, _ = read_candles(block, datetime(2026, 1, 1, tzinfo=UTC))
        assert (len(candles.numbers), bad, any(candles.is_filled.to_pylist())) == (len(block.numbers), [], False)


def test_they_follow_the_simulated_price() -> None:
    (first, *_), quotes = values(list(rows(10).blocks(Place()))), Quotes(1, "BTC-USD")
    start_us = int(START.timestamp()) * 1_000_000
    prices = [quotes.price(start_us + second * 1_000_000) for second in range(0, 61, 2)]
    assert first[2:6] == tuple(f"{price:.2f}" for price in (prices[0], max(prices), min(prices), prices[-1]))
    assert Decimal(str(first[6])) > 0


def test_they_are_the_same_from_any_place_on() -> None:
    whole = values(list(rows(3000).blocks(Place())))
    assert values(list(rows(3000).blocks(Place(1440)))) == whole[1440:]
    assert values(list(rows(3000).blocks(Place()))) == whole
