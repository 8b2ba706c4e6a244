"""What a frame of the trade feed becomes: trades, rejects with their reasons, or nothing where it holds no trade."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from pipeline.events.trades import FrameHeaders
from pipeline.stream.silver.trades.fact_crypto_trades import to_fact_trades
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.stream.silver.trades.rejects import to_rejects
from pipeline.tables.silver import FACT_TRADES, REJECTED_EVENTS
from tests.support.trades import HEADERS, KAFKA_TIME, MATCH, RECORD_SCHEMA, compact, match, records

PRODUCTS = ("BTC-USD", "ETH-USD")


def parsed(spark: SparkSession, *payloads: bytes | None, products: tuple[str, ...] = PRODUCTS) -> DataFrame:
    return to_trades(spark.createDataFrame(records(payloads), RECORD_SCHEMA), products)


def trades(rows: DataFrame) -> list[Row]:
    return to_fact_trades(rows).orderBy("offset", "trade_id").collect()


def rejects(rows: DataFrame) -> list[Row]:
    return to_rejects(rows, PRODUCTS).orderBy("offset").collect()


def rest_page(*page: object, product: str | None = "BTC-USD") -> bytes:
    return compact({"type": "rest_trades", "product_id": product, "trades": page})


def test_a_match_keeps_every_digit(spark: SparkSession) -> None:
    rows = parsed(spark, match(), match(type="last_match", trade_id=7, price="0.123456789012", size="3.844E-5"))
    first, second = trades(rows)
    assert rejects(rows) == []
    assert (first.source, first.product_id, first.trade_id, first.side) == ("coinbase", "BTC-USD", 1081862675, "sell")
    assert (first.price, first.size) == (Decimal("80691.53"), Decimal("0.00000001"))
    assert (second.trade_id, second.price, second.size) == (7, Decimal("0.123456789012"), Decimal("0.00003844"))
    assert first.trade_time == datetime(2026, 8, 25, 3, 35, 57, 198335)
    assert first.received_at == datetime(1970, 1, 1) + timedelta(microseconds=HEADERS.received_us)
    assert (first.channel, first.ingested_at, first.offset) == ("matches", KAFKA_TIME, 0)


def test_rows_have_the_tables_columns(spark: SparkSession) -> None:
    rows = parsed(spark, match())
    for written, table in ((to_fact_trades(rows), FACT_TRADES), (to_rejects(rows, PRODUCTS), REJECTED_EVENTS)):
        columns = [(field.name, field.dataType.simpleString()) for field in written.schema]
        assert columns == [(column.name, column.type) for column in table.columns]


NUMBERS = [
    "135.3", "0.123456789012345678", "0.000000000000000001", "1E+3", "3.844E-5", "5e-18", "1.5e-17",
    "12345678901234567890.123456789012345678", "1.50000000000000000000", "80691.53", "0.1", "7",
]  # fmt: skip


def test_numbers_are_exact_quoted_and_bare(spark: SparkSession) -> None:
    payloads = [match(price=text) for text in NUMBERS]
    payloads += [match(price=text).replace(f'"{text}"'.encode(), text.encode()) for text in NUMBERS]
    payloads += [rest_page({**MATCH, "price": text}) for text in NUMBERS]
    rows = trades(parsed(spark, *payloads))
    assert [row.price for row in rows] == [Decimal(text) for text in NUMBERS] * 3


def test_a_rest_page_gives_its_good_and_its_bad_trades(spark: SparkSession) -> None:
    good = {"time": "2026-08-25T03:35:57Z", "trade_id": 5, "price": "1.50", "size": "2", "side": "buy"}
    rows = parsed(spark, rest_page(good, {**good, "trade_id": None}, 5, None, {**good, "trade_id": 4}), match())
    assert [(row.trade_id, row.product_id) for row in trades(rows)] == [
        (4, "BTC-USD"),
        (5, "BTC-USD"),
        (1081862675, "BTC-USD"),
    ]
    found = rejects(rows)
    no_trade = "a trade is missing or no JSON object"
    assert Counter(row.reason for row in found) == {"trade_id is missing": 1, no_trade: 2}
    (shown,) = (row.payload for row in found if row.reason != no_trade)
    assert json.loads(shown) == {"product_id": "BTC-USD", **{k: v for k, v in good.items() if k != "trade_id"}}


def test_advanced_trade_events_give_all_their_trades(spark: SparkSession) -> None:
    trade = {"product_id": "ETH-USD", "price": "9", "size": "1", "side": "BUY", "time": "2026-08-25T03:35:57.1Z"}
    events = [
        {"type": "snapshot", "trades": [{**trade, "trade_id": "12"}, {**trade, "trade_id": "11"}]},
        {"type": "update", "trades": [{**trade, "trade_id": "13"}, {**trade, "trade_id": "x"}]},
    ]
    rows = parsed(spark, compact({"channel": "market_trades", "sequence_num": 0, "events": events}))
    assert [(row.trade_id, row.product_id, row.side) for row in trades(rows)] == [
        (number, "ETH-USD", "buy") for number in (11, 12, 13)
    ]
    assert [row.reason for row in rejects(rows)] == ["trade_id is not a positive whole number: x"]


SILENT = [
    {"type": "subscriptions", "channels": []},
    {"type": "heartbeat", "last_trade_id": 1, "product_id": "BTC-USD", "time": "2017-06-25T11:23:14.838000Z"},
    {"type": "ticker", "product_id": "BTC-USD", "price": "1", "last_size": "2", "trade_id": 3},
    {"type": "l2update", "product_id": "BTC-USD", "changes": [["buy", "1", "2"]]},
    {"channel": "subscriptions", "events": [{"subscriptions": {"heartbeats": ["heartbeats"]}}]},
    {"channel": "heartbeats", "events": [{"heartbeat_counter": 66987}]},
    {"channel": "ticker", "events": [{"type": "snapshot", "tickers": []}]},
    {"type": "rest_trades", "product_id": "BTC-USD", "trades": []},
]


def test_known_frames_without_trades_give_nothing(spark: SparkSession) -> None:
    assert parsed(spark, *(compact(frame) for frame in SILENT)).collect() == []


FAULTS = [
    (None, "payload is empty"),
    (b"", "payload is empty"),
    (b"\xff\xfe\x00", "payload is not UTF-8"),
    (b"hello", "payload is not a JSON object"),
    (b"[1, 2]", "payload is not a JSON object"),
    (b"null", "payload is not a JSON object"),
    (match()[:-40], "payload is not a JSON object"),
    (match()[:40], "payload is not a JSON object"),
    (match() + match(), "payload is not a JSON object"),
    (match() + b" x", "payload is not a JSON object"),
    (b"{}", "message type is missing"),
    (compact({"type": "error", "message": "Failed to subscribe"}), "error frame: Failed to subscribe"),
    (compact({"type": "error"}), "error frame: without a message"),
    (compact({"type": "news"}), "unknown message type: news"),
    (compact({"channel": "news", "events": []}), "unknown message type: news"),
    (compact({"type": "rest_trades", "product_id": "BTC-USD"}), "a trade is missing or no JSON object"),
    (compact({"channel": "market_trades", "events": {"a": 1}}), "a trade is missing or no JSON object"),
    (match(trade_id=None), "trade_id is missing"),
    (match(price=None), "price is missing"),
    (match(size=None), "size is missing"),
    (match(time=None), "time is missing"),
    (match(product_id=None), "product_id is missing"),
    (match(product_id="SHIB-USD"), "unknown product: SHIB-USD"),
    (match(price="0"), "price is not positive: 0"),
    (match(price="-1.5"), "price is not positive: -1.5"),
    (match(size="-1"), "size is negative: -1"),
    (match(price="many"), "price is not a decimal number: many"),
    (match(price="NaN"), "price is not a decimal number: NaN"),
    (match(price="1" * 25), "price is too large: " + "1" * 25),
    (match(size="0.1234567890123456789"), "size has more than 18 decimals: 0.1234567890123456789"),
    (match(size="1.5e-18"), "size has more than 18 decimals: 1.5e-18"),
    (match(trade_id="x"), "trade_id is not a positive whole number: x"),
    (match(trade_id=0), "trade_id is not a positive whole number: 0"),
    (match(trade_id=1.5), "trade_id is not a positive whole number: 1.5"),
    (match(trade_id="9" * 25), "trade_id is not a positive whole number: " + "9" * 25),
    (match(time="2026-08-25T03:35:57.198335"), "time is not an ISO time with a zone: 2026-08-25T03:35:57.198335"),
    (match(time="yesterday"), "time is not an ISO time with a zone: yesterday"),
    (match(time=1_790_000_000), "time is not an ISO time with a zone: 1790000000"),
    (match(time="2026-02-30T03:35:57Z"), "time does not exist: 2026-02-30T03:35:57Z"),
    (match(time="2009-01-02T23:59:59Z"), "time is before 2009-01-03: 2009-01-02T23:59:59Z"),
    (match(time="2026-10-01T12:01:01Z"), "time is in the future: 2026-10-01T12:01:01Z"),
    (match(trade_id=None, price="0"), "trade_id is missing; price is not positive: 0"),
]


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession) -> tuple[list[Row], list[Row]]:
    """The trades and rejects of every fault, with a clean frame after each."""
    rows = parsed(spark, *(part for payload, _ in FAULTS for part in (payload, match())))
    return trades(rows), rejects(rows)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[reason[:60] for _, reason in FAULTS])
def test_each_fault_has_its_reason(outcomes: tuple[list[Row], list[Row]], number: int) -> None:
    clean, bad = outcomes
    assert [row.reason for row in bad if row.offset == 2 * number] == [FAULTS[number][1]]
    assert [row.offset for row in clean if row.offset // 2 == number] == [2 * number + 1]


def test_a_reject_shows_the_frame(outcomes: tuple[list[Row], list[Row]]) -> None:
    payload, _ = FAULTS[-1]
    row = outcomes[1][-1]
    assert payload is not None
    assert (row.payload, row.payload_bytes, row.kafka_time) == (payload.decode(), len(payload), KAFKA_TIME)


def test_times_may_have_any_zone_and_nanoseconds(spark: SparkSession) -> None:
    times = ("2026-08-25T05:35:57.198335+02:00", "2026-08-25 03:35:57.198335999Z", "2026-10-01T12:01:00Z")
    rows = trades(parsed(spark, *(match(time=time) for time in times)))
    micros = datetime(2026, 8, 25, 3, 35, 57, 198335)
    assert [row.trade_time for row in rows] == [micros, micros, datetime(2026, 10, 1, 12, 1)]


@pytest.mark.parametrize("name", ["source", "channel", "received_us"])
def test_a_missing_header_is_a_reject(spark: SparkSession, name: str) -> None:
    (row,) = records([match()])
    others = [pair for pair in row[-1] if pair[0] != name]  # type: ignore[attr-defined]
    faulty = [(*row[:-1], others), (*row[:-1], None), (*row[:-1], [])]
    rows = to_trades(spark.createDataFrame(faulty, RECORD_SCHEMA), PRODUCTS)
    assert trades(rows) == []
    reasons = [found.reason for found in to_rejects(rows, PRODUCTS).collect()]
    assert reasons == [f"header {name} is missing", "header source is missing", "header source is missing"]


def test_headers_say_where_a_trade_came_from(spark: SparkSession) -> None:
    rows = records([match()], FrameHeaders("simulator", "rest", 1))
    (row,) = trades(to_trades(spark.createDataFrame(rows, RECORD_SCHEMA), PRODUCTS))
    assert (row.source, row.channel, row.received_at) == ("simulator", "rest", datetime(1970, 1, 1, 0, 0, 0, 1))


def real_frames(folder: Path) -> list[bytes]:
    lines = (folder / "captured_frames_from_tests.jsonl").read_text(encoding="utf-8").splitlines()
    session = (folder / "cryptofeed_COINBASE_trades_ticker_20210417.txt").read_text(encoding="utf-8").splitlines()
    lines += [line.partition(": ")[2] for line in session if re.match(r"\d+\.\d+: ", line)]
    lines += [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.handmade.json"))]
    return [line.encode() for line in lines if line]


def test_real_frames_go_to_their_right_place(spark: SparkSession, shared_data: Path) -> None:
    frames = real_frames(shared_data / "coinbase_ws")
    expected, errors = [], 0
    for frame in (json.loads(text, parse_float=Decimal) for text in frames):
        errors += frame.get("type") == "error"
        if frame.get("type") in {"match", "last_match"}:
            expected.append(frame)
        elif frame.get("channel") == "market_trades":
            expected += [trade for event in frame["events"] for trade in event["trades"]]
    products = tuple({trade["product_id"] for trade in expected})
    rows = parsed(spark, *frames, products=products)
    found = {
        (row.product_id, row.trade_id, row.price, row.size, row.side, row.trade_time.replace(tzinfo=UTC))
        for row in trades(rows)
    }
    assert found == {
        (
            trade["product_id"],
            int(trade["trade_id"]),
            Decimal(trade["price"]),
            Decimal(trade["size"]),
            trade["side"].lower(),
            datetime.fromisoformat(trade["time"]),
        )
        for trade in expected
    }
    assert len(expected) >= 100
    assert [row.reason[:12] for row in rejects(rows)] == ["error frame:"] * errors
