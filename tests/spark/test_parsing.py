"""What a Kafka record becomes: a clean observation, or a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyspark.sql import Row, SparkSession

from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.raw import DEAD_LETTERS, DeadLetter
from pipeline.stream.silver.parsing import to_observations

COINS = ("bitcoin", "ethereum")
KAFKA_TIME = datetime(2026, 1, 13, 12, 0, 0)
RECORD_SCHEMA = (
    "topic string, topic_id string, partition int, offset bigint, kafka_time timestamp, key binary, payload binary"
)

GOOD = {
    "coin": "bitcoin",
    "event_time": 1768262400000,
    "price_usd": "91134.96917951507",
    "market_cap_usd": "1820530763450.6675",
    "volume_usd": None,
    "source": "coingecko",
}


def parse(spark: SparkSession, *payloads: bytes | None, topic: str = COIN_EVENTS.name) -> list[Row]:
    rows = [
        (topic, "t1", 0, offset, KAFKA_TIME, b"bitcoin", None if payload is None else bytearray(payload))
        for offset, payload in enumerate(payloads)
    ]
    return to_observations(spark.createDataFrame(rows, RECORD_SCHEMA), COINS).orderBy("offset").collect()


def with_fields(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({field: value for field, value in GOOD.items() if field != name}).encode()


def test_a_clean_event_keeps_every_digit(spark: SparkSession) -> None:
    (row,) = parse(spark, json.dumps(GOOD).encode())
    assert row.reason is None
    assert (row.coin, row.event_time, row.source) == ("bitcoin", datetime(2026, 1, 13), "coingecko")
    assert row.price_usd == Decimal("91134.96917951507")
    assert row.market_cap_usd == Decimal("1820530763450.6675")
    assert row.volume_usd is None


def test_what_the_producer_writes_is_what_spark_reads(spark: SparkSession) -> None:
    event = PriceEvent(
        "ethereum",
        datetime(2013, 4, 28, 7, 8, 9, 123000, tzinfo=UTC),
        Decimal("3.844E-5"),
        None,
        Decimal("12345678901234567890.000000000000000001"),
        "simulator",
    )
    (row,) = parse(spark, event.to_json())
    assert row.reason is None
    assert row.event_time == datetime(2013, 4, 28, 7, 8, 9, 123000)
    assert row.price_usd == Decimal("0.00003844")
    assert row.volume_usd == event.volume_usd


@pytest.mark.parametrize(
    "text",
    ["135.3", "0.123456789012345678", "0.000000000000000001", "1E+3", "3.844E-5", ".5", "5.", "1.50000000000000000000"],
)
def test_numbers_are_taken_as_written(spark: SparkSession, text: str) -> None:
    quoted, bare = with_fields(price_usd=text), with_fields().replace(b'"91134.96917951507"', text.encode())
    row = parse(spark, quoted)[0]
    assert (row.reason, row.price_usd) == (None, Decimal(text))
    if text[0] != "." and text[-1] != ".":  # those two forms are no JSON numbers
        assert parse(spark, bare)[0].price_usd == Decimal(text)


FAULTS = [
    (None, "payload is empty"),
    (b"", "payload is empty"),
    (b"\xff\xfe\x00", "payload is not UTF-8"),
    (b"hello", "payload is not a JSON object"),
    (b"[1, 2]", "payload is not a JSON object"),
    (b"null", "payload is not a JSON object"),
    (b'{"coin": "bitcoin", "event_time": 17682', "payload is not a JSON object"),
    (b'{"coin": "bitcoin", "event_time" 17682}', "payload is not valid JSON"),
    (b"{}", "coin is missing; event_time is missing; price_usd is missing; source is missing"),
    (without("coin"), "coin is missing"),
    (without("event_time"), "event_time is missing"),
    (without("price_usd"), "price_usd is missing"),
    (without("source"), "source is missing"),
    (with_fields(price_usd=None), "price_usd is missing"),
    (with_fields(coin="dogwifhat"), "unknown coin: dogwifhat"),
    (with_fields(coin=5), "unknown coin: 5"),
    (with_fields(price_usd=0), "price_usd is not positive: 0"),
    (with_fields(price_usd="-1.5"), "price_usd is not positive: -1.5"),
    (with_fields(price_usd="NaN"), "price_usd is not a decimal number: NaN"),
    (with_fields(price_usd=float("nan")), "payload is not valid JSON"),
    (with_fields().replace(b"}", b',"coin":"ethereum"}'), "payload is not valid JSON"),
    (with_fields() + b" and more", "payload is not a JSON object"),
    (with_fields(price_usd=True), "price_usd is not a decimal number: true"),
    (with_fields(price_usd={"usd": 1}), 'price_usd is not a decimal number: {"usd":1}'),
    (with_fields(price_usd="1" * 25), "price_usd is too large: " + "1" * 25),
    (with_fields(price_usd="1e999"), "price_usd is too large: 1e999"),
    (with_fields(price_usd="0.1234567890123456789"), "price_usd has more than 18 decimals: 0.1234567890123456789"),
    (with_fields(price_usd="1.5e-18"), "price_usd has more than 18 decimals: 1.5e-18"),
    (with_fields(market_cap_usd=-1), "market_cap_usd is negative: -1"),
    (with_fields(volume_usd="many"), "volume_usd is not a decimal number: many"),
    (with_fields(event_time="yesterday"), "event_time is not a whole number of milliseconds: yesterday"),
    (with_fields(event_time=1768262400.5), "event_time is not a whole number of milliseconds: 1768262400.5"),
    (with_fields(event_time="9" * 30), "event_time is not a whole number of milliseconds: " + "9" * 30),
    (
        with_fields(event_time=1768262400),
        "event_time is before 2009-01-03 (seconds instead of milliseconds?): 1768262400",
    ),
    (
        with_fields(event_time=1230940799999),
        "event_time is before 2009-01-03 (seconds instead of milliseconds?): 1230940799999",
    ),
    (with_fields(event_time=1768305661000), "event_time is in the future: 1768305661000"),
    (with_fields(event_time=9223372036854775807), "event_time is in the future: 9223372036854775807"),
    (with_fields(source=" "), "source is missing"),
    (with_fields(source="x" * 65), "source is too long"),
    (with_fields(coin="nope", price_usd=0), "unknown coin: nope; price_usd is not positive: 0"),
]


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession) -> list[Row]:
    """Every fault, a clean event before and after each: one Spark job for all."""
    payloads = [part for payload, _ in FAULTS for part in (with_fields(), payload, with_fields(coin="ethereum"))]
    return parse(spark, *payloads)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[reason[:60] for _, reason in FAULTS])
def test_each_fault_has_its_reason(outcomes: list[Row], number: int) -> None:
    before, bad, after = outcomes[3 * number : 3 * number + 3]
    assert bad.reason == FAULTS[number][1]
    assert (before.reason, after.reason) == (None, None)


def test_a_market_clock_may_run_a_minute_ahead(spark: SparkSession) -> None:
    (row,) = parse(spark, with_fields(event_time=1768305660000))
    assert row.reason is None


def test_a_large_payload_is_read_like_any_other(spark: SparkSession) -> None:
    filler = "x" * 10_000_000
    good, bad = parse(spark, with_fields(note=filler), filler.encode())
    assert good.reason is None
    assert bad.reason == "payload is not a JSON object"


def test_dead_letters_are_rejects_with_their_origin(spark: SparkSession) -> None:
    letter = DeadLetter("csv_coingecko:line 17", "price is not a number", "2013-04-28,abc")
    (row,) = parse(spark, letter.to_json(), topic=DEAD_LETTERS.name)
    assert row.reason == "csv_coingecko:line 17: price is not a number"


def test_an_unreadable_dead_letter_is_a_reject_too(spark: SparkSession) -> None:
    (row,) = parse(spark, b"garbage", topic=DEAD_LETTERS.name)
    assert row.reason
