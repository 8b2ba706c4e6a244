"""What a record of `bitcoin_data` becomes: a clean candle, or a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from pipeline.events.candles import CandleEvent
from pipeline.stream.silver.bitcoin_data_parsing import to_candles, with_texts
from tests.support.candles import RECORD_SCHEMA, records

GOOD = {
    "source": "csv_kaggle",
    "product_id": "BTC-USD",
    "minute": 1609459200000,
    "open": "28923.63",
    "high": "28961.66",
    "low": "28913.12",
    "close": "28961.66",
    "volume": "27.457032",
    "is_filled": False,
}


def parse(spark: SparkSession, *payloads: bytes | None) -> list[Row]:
    return to_candles(spark.createDataFrame(records(payloads), RECORD_SCHEMA)).orderBy("offset").collect()


def compact(payload: bytes) -> bytes:
    """Return the JSON without spaces, as the producer writes it."""
    return orjson.dumps(json.loads(payload))


def with_fields(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({field: value for field, value in GOOD.items() if field != name}).encode()


def test_a_clean_candle_keeps_every_digit(spark: SparkSession) -> None:
    (row,) = parse(spark, with_fields(volume="0.000000000000000001", is_filled=True))
    assert (row.reason, row.payload) == (None, None)
    assert (row.source, row.product_id, row.minute) == ("csv_kaggle", "BTC-USD", datetime(2021, 1, 1))
    prices = (Decimal("28923.63"), Decimal("28961.66"), Decimal("28913.12"), Decimal("28961.66"))
    assert (row.open, row.high, row.low, row.close) == prices
    assert (row.volume, row.is_filled) == (Decimal("0.000000000000000001"), True)


@pytest.mark.parametrize("text", ["135.3", "0.123456789012345678", "1E+3", "3.844E-5", "1.50000000000000000000"])
def test_numbers_are_taken_as_written_quoted_or_bare(spark: SparkSession, text: str) -> None:
    quoted = with_fields(volume=text)
    bare = quoted.replace(f'"{text}"'.encode(), text.encode())
    assert [(row.reason, row.volume) for row in parse(spark, quoted, bare)] == [(None, Decimal(text))] * 2


def test_fields_that_we_do_not_know_are_tolerated(spark: SparkSession) -> None:
    (row,) = parse(spark, with_fields(trades=[1, {"a": None}], note="x"))
    assert row.reason is None


FAULTS = [
    (None, "payload is empty"),
    (b"", "payload is empty"),
    (b"\xff\xfe\x00", "payload is not UTF-8"),
    (b"hello", "payload is not a JSON object"),
    (b"[1, 2]", "payload is not a JSON object"),
    (b"null", "payload is not a JSON object"),
    (with_fields()[:60], "payload is not a JSON object"),
    (with_fields().replace(b'"minute":', b'"minute"'), "payload is not valid JSON"),
    (with_fields(open=float("nan")), "payload is not valid JSON"),
    (
        b"{}",
        "; ".join(f"{name} is missing" for name in GOOD),
    ),
    *((without(name), f"{name} is missing") for name in GOOD),
    *((with_fields(**{name: None}), f"{name} is missing") for name in GOOD),
    (with_fields(source=" "), "source is missing"),
    (with_fields(source="x" * 65), "source is too long"),
    (with_fields(product_id="bitcoin"), "product_id is not like BTC-USD: bitcoin"),
    (with_fields(minute="soon"), "minute is not a whole number of milliseconds: soon"),
    (with_fields(minute=1609459200.5), "minute is not a whole number of milliseconds: 1609459200.5"),
    (with_fields(minute=1609459200.0), "minute is before 2009-01-03 (seconds instead of milliseconds?): 1609459200"),
    (with_fields(minute="9" * 30), "minute is not a whole number of milliseconds: " + "9" * 30),
    (with_fields(minute=1609459201000), "minute is not the start of a minute: 1609459201000"),
    (with_fields(minute=1609459200), "minute is before 2009-01-03 (seconds instead of milliseconds?): 1609459200"),
    (
        with_fields(minute=1230940740000),
        "minute is before 2009-01-03 (seconds instead of milliseconds?): 1230940740000",
    ),
    (with_fields(minute=1790856120000), "minute is in the future: 1790856120000"),
    (with_fields(minute=9223372036854775807), "minute is in the future: 9223372036854775807"),
    (with_fields(open=True), "open is not a decimal number: true"),
    (with_fields(low={"usd": 1}), 'low is not a decimal number: {"usd":1}'),
    (with_fields(volume="many"), "volume is not a decimal number: many"),
    (with_fields(volume="-0.1"), "volume is negative: -0.1"),
    (with_fields(volume="0.1234567890123456789"), "volume has more than 18 decimals: 0.1234567890123456789"),
    (with_fields(volume="1" * 25), "volume is too large: " + "1" * 25),
    (with_fields(low=0), "low is not positive: 0"),
    (compact(with_fields(minute=1609459201000)), "minute is not the start of a minute: 1609459201000"),
    (compact(with_fields(minute=1790856120000)), "minute is in the future: 1790856120000"),
    (compact(with_fields(low="0.0")), "low is not positive: 0.0"),
    (compact(with_fields(high="28913.11")), "high is below low: 28913.11"),
    (compact(with_fields(open="28961.67")), "open is outside low and high: 28961.67"),
    (compact(with_fields(close="28913.11")), "close is outside low and high: 28913.11"),
    (compact(with_fields(high="28913.11")), "high is below low: 28913.11"),
    (with_fields(high="28913.11"), "high is below low: 28913.11"),
    (with_fields(open="28961.67"), "open is outside low and high: 28961.67"),
    (with_fields(close="28913.11"), "close is outside low and high: 28913.11"),
    (with_fields(is_filled=0), "is_filled is no boolean: 0"),
    (with_fields(is_filled="yes"), "is_filled is no boolean: yes"),
    (with_fields(source="", volume="-1"), "source is missing; volume is negative: -1"),
]


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession) -> list[Row]:
    """Every fault, a clean candle before and after each: one Spark job for all."""
    return parse(spark, *(part for payload, _ in FAULTS for part in (with_fields(), payload, with_fields(volume=0))))


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[f"{n} {text[:50]}" for n, (_, text) in enumerate(FAULTS)])
def test_each_fault_has_its_reason(outcomes: list[Row], number: int) -> None:
    payload, reason = FAULTS[number]
    before, bad, after = outcomes[3 * number : 3 * number + 3]
    assert (bad.reason, None if bad.payload is None else bytes(bad.payload)) == (reason, payload)
    assert (before.reason, after.reason) == (None, None)


def test_a_market_clock_may_run_a_minute_ahead(spark: SparkSession) -> None:
    (row,) = parse(spark, with_fields(minute=1790856060000))
    assert row.reason is None


def test_what_the_producer_writes_takes_the_short_way(spark: SparkSession) -> None:
    written = orjson.dumps(GOOD)
    rows = spark.createDataFrame(records([written, with_fields()]), RECORD_SCHEMA).transform(with_texts).collect()
    assert [row.is_plain for row in rows] == [True, False]
    short, parsed = ({name: row[f"{name}_text"] for name in GOOD} for row in rows)
    assert short == parsed


decimals = st.decimals(Decimal("0.000000000000000001"), Decimal("1e18"), places=18)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(
        st.builds(
            lambda minute, prices, volume, filled: CandleEvent(
                "simulator",
                "BTC-USD",
                minute.replace(second=0, microsecond=0, tzinfo=UTC),
                sorted(prices)[1],
                max(prices),
                min(prices),
                sorted(prices)[2],
                volume,
                filled,
            ),
            st.datetimes(datetime(2009, 1, 4), datetime(2026, 1, 1)),
            st.lists(decimals, min_size=4, max_size=4),
            decimals,
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_the_producer_writes_is_what_spark_reads(spark: SparkSession, events: list[CandleEvent]) -> None:
    rows = parse(spark, *(event.to_json() for event in events))
    read = [
        CandleEvent(
            row.source, row.product_id, row.minute.replace(tzinfo=UTC),
            row.open, row.high, row.low, row.close, row.volume, row.is_filled,
        )
        for row in rows
    ]  # fmt: skip
    assert [row.reason for row in rows] == [None] * len(events)
    assert read == events
