"""A trade is either clean or rejected with a reason that names each of its faulty fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from random import Random

from pyspark.sql import SparkSession

from pipeline.stream.silver.trades.fact_crypto_trades import to_fact_trades
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.stream.silver.trades.rejects import to_rejects
from tests.support.trades import RECORD_SCHEMA, match, records

PRODUCTS = ("BTC-USD", "ETH-USD")
UNUSUAL = "a number is written in an unusual way"
NUMBERS = (
    "135.3", "0.000000000000000001", "1E+3", "3.844E-5", "12345678901234567890.5", "7", "0", "0.0", "+5", "-1", "-0",
    "1.", ".5", "00012", "1e-0003", "1E+005", "5e-18", "1.5e-18", "1e400", "1e-400", "123456789012345678901",
    "1.0000000000000000001", "1.00000000000000000000", "", " ", "1 ", "1,5", "0x1F", "NaN", "Infinity", "1_000", "٣",
    "one", True, [], {"value": 1}, None,
)  # fmt: skip
IDS = (5, 1081862675, "7", 0, -3, "", "x", 1.5, "9223372036854775808", True, None)
TIMES = (
    "2026-08-25T03:35:57.198335Z", "2026-08-25 05:35:57+02:00", "2026-08-25T03:35:57", "2026-02-30T00:00:00Z",
    "2008-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "yesterday", "", 1_790_000_000, None,
)  # fmt: skip
NAMES = ("BTC-USD", "ETH-USD", "DOGE-USD", "btc-usd", "", None)


def is_number(value: object, *, above_zero: bool) -> bool:
    """Return whether Python's own decimals hold the value: at most 20 digits before the point, 18 behind it."""
    if not isinstance(value, str) or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", value, re.ASCII):
        return False
    number = Decimal(value)
    in_range = abs(number) < 10**20 and number == number.quantize(Decimal(1).scaleb(-18), context=Context(prec=60))
    return (in_range or not number) and (number > 0 if above_zero else number >= 0)


def faulty_fields(trade: dict[str, object]) -> set[str]:
    """Return the fields that keep a trade from being stored, found without any of the lake's own code."""
    return {
        name
        for name, is_good in {
            "product": trade["product_id"] in PRODUCTS,
            "trade_id": trade["trade_id"] in {5, 1081862675, "7"},
            "price": is_number(trade["price"], above_zero=True),
            "size": is_number(trade["size"], above_zero=False),
            "time": trade["time"] in TIMES[:2],
        }.items()
        if not is_good
    }


def variations() -> Iterator[dict[str, object]]:
    """Give each odd value alone, and many of their combinations."""
    good = {"trade_id": 5, "price": "1.5", "size": "2", "time": TIMES[0], "product_id": "BTC-USD"}
    values = {"trade_id": IDS, "price": NUMBERS, "size": NUMBERS, "time": TIMES, "product_id": NAMES}
    for name, choices in values.items():
        yield from ({**good, name: value} for value in choices)
    chosen = Random(20261124)
    yield from ({name: chosen.choice(choices) for name, choices in values.items()} for _ in range(500))


def test_each_unclean_trade_is_rejected_for_every_field_that_is_at_fault(spark: SparkSession) -> None:
    trades = list(variations())
    rows = to_trades(spark.createDataFrame(records(match(**trade) for trade in trades), RECORD_SCHEMA), PRODUCTS)
    reasons = {row.offset: row.reason for row in to_rejects(rows, PRODUCTS).collect()}
    stored = {row.offset for row in to_fact_trades(rows).collect()}
    assert stored | set(reasons) == set(range(len(trades)))
    assert not stored & set(reasons)
    for offset, trade in enumerate(trades):
        faulty, reason = faulty_fields(trade), reasons.get(offset, "")
        is_nothing = all(trade[name] is None or trade[name] == "" for name in ("trade_id", "price", "time"))
        missing = {name for name in faulty if name not in reason}
        assert not missing or is_nothing, f"{trade}: {reason!r} does not name {missing}"
        assert faulty or not reason or reason == UNUSUAL, f"{trade}: {reason}"
        assert reason != UNUSUAL or not faulty, f"{trade} has a fault with a name of its own"
