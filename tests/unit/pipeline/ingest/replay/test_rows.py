"""Which rows are candles, whatever way they are written, checked by columns and one by one."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.candles import CandleEvent
from pipeline.ingest.replay.event_text import EventText
from pipeline.ingest.replay.rows import BadRow, Candles, Place, Rows, read_candles

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = ("1609459200.0", "28923.63", "28961.66", "28913.12", "28961.66", "27.457032")


def block(*rows: Sequence[str], close: str | None = None, first: int = 2) -> Rows:
    times, *values = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    numbers = pa.array(range(first, first + len(rows)), pa.int64())
    return Rows(Place(first - 1, 0, close), Place(first - 1 + len(rows)), 0, 0, numbers, times, tuple(values))


def read(*rows: Sequence[str], close: str | None = None) -> tuple[list[tuple[Any, ...]], list[BadRow]]:
    """Return number, minute, OHLCV and is_filled of the clean candles, and the bad rows."""
    candles, bad, _ = read_candles(block(*rows, close=close), NOW)
    columns = (candles.numbers, candles.minutes_s, *candles.values, candles.is_filled)
    return list(zip(*(column.to_pylist() for column in columns), strict=True)), bad


def with_value(index: int, text: str) -> tuple[str, ...]:
    return (*GOOD[:index], text, *GOOD[index + 1 :])


def test_a_good_row_keeps_its_digits() -> None:
    assert read(GOOD) == ([(2, 1609459200, *GOOD[1:], False)], [])


@pytest.mark.parametrize(
    ("text", "written"),
    [("+27.5", "27.5"), (".5", "0.5"), ("5.", "5"), ("007", "7"), ("3.844E-5", "0.00003844"), ("1e3", "1000")],
)
def test_other_ways_to_write_a_number_are_read_too(text: str, written: str) -> None:
    (candle, plain), bad = read(with_value(5, text), GOOD)
    assert (candle[6], plain[6], bad) == (written, GOOD[5], [])


def test_float_noise_is_rounded_to_18_decimals() -> None:
    (candle,), _ = read(with_value(5, "0.00012345678901234567890"))
    assert candle[6] == "0.000123456789012346"


@pytest.mark.parametrize("time", ["1609459200", "1609459200.", "1609459200.000"])
def test_epoch_seconds_may_be_written_as_floats(time: str) -> None:
    (candle,), bad = read(with_value(0, time))
    assert (candle[1], bad) == (1609459200, [])


@pytest.mark.parametrize(
    ("index", "text", "reason"),
    [
        (0, "1609459200.5", "time '1609459200.5' is not in whole seconds since 1970"),
        (0, "2021-01-01", "time '2021-01-01' is not in whole seconds since 1970"),
        (0, "1609459201", "time 1609459201 s is not the start of a minute"),
        (0, "1609459200000", "time 1609459200000 s is in the far future; are these milliseconds?"),
        (0, "1230940740", "time 2009-01-02T23:59:00+00:00 is before 2009-01-03"),
        (0, "1767226320", "time 2026-01-01T00:12:00+00:00 is in the future"),
        (1, "", "price '' is not a number"),
        (1, "nan", "price 'nan' is not a number"),
        (3, "0", "price '0' is not above 0"),
        (3, "-1.5", "price '-1.5' is not above 0"),
        (2, "28913.11", "high 28913.11 is below low 28913.12"),
        (1, "28961.67", "open 28961.67 is outside low 28913.12 and high 28961.66"),
        (4, "1", "close 1 is outside low 28913.12 and high 28961.66"),
        (5, "", "volume is missing"),
        (5, "-0.1", "volume '-0.1' is below 0"),
        (5, "1" * 21, "volume 1.111e+20 has more than 20 digits before the point"),
    ],
)
def test_each_fault_has_its_reason(index: int, text: str, reason: str) -> None:
    row = with_value(index, text)
    candles, bad = read(GOOD, row, GOOD)
    assert [candle[0] for candle in candles] == [2, 4]
    assert bad == [BadRow(3, reason, ",".join(row))]


def filled(price: str, volume: str = "0.0") -> tuple[str, ...]:
    return ("1609459260", *(price,) * 4, volume)


def test_a_candle_that_only_repeats_the_close_before_is_filled() -> None:
    rows = [GOOD, filled("28961.66"), filled("28961.660", "0"), filled("28961.66", "0.1"), filled("28961.67"), GOOD]
    candles, _ = read(*rows)
    assert [candle[-1] for candle in candles] == [False, True, True, False, False, False]


@pytest.mark.parametrize(("before", "expected"), [("4.58", True), ("4.59", False), (None, False)])
def test_the_first_row_of_a_block_is_compared_with_the_close_before_it(before: str | None, expected: bool) -> None:
    (candle,), _ = read(filled("4.58"), close=before)
    assert candle[-1] is expected


def test_a_bad_row_is_no_close_to_carry_forward() -> None:
    candles, _ = read(GOOD, with_value(5, "x"), filled("28961.66"))
    assert [candle[-1] for candle in candles] == [False, True]


numbers = st.one_of(
    st.decimals(Decimal("0.000000000000000001"), Decimal("1e19"), places=18).map(str),
    st.decimals(Decimal(1), Decimal(10), places=2).map(str),
    st.text(string.digits + ".eE+-n ", max_size=8),
)


@given(rows=st.lists(st.tuples(st.sampled_from(["1609459200", "1609459260.0", "x"]), *[numbers] * 5), min_size=1))
def test_columns_and_single_rows_agree_on_what_is_a_candle(rows: list[tuple[str, ...]]) -> None:
    candles, bad = read(*rows)
    assert sorted([candle[0] for candle in candles] + [row.number for row in bad]) == list(range(2, len(rows) + 2))
    for _, _, opened, high, low, close, volume, _ in candles:
        assert 0 < Decimal(low) <= Decimal(opened) <= Decimal(high)
        assert Decimal(low) <= Decimal(close) <= Decimal(high)
        assert Decimal(volume) >= 0
    for row in bad:
        assert not is_candle(rows[row.number - 2])


def is_candle(texts: Sequence[str]) -> bool:
    """Say by Python's own decimals whether a row is a candle."""
    if any(not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", text) for text in texts[1:]):
        return False  # Decimal takes spaces and more
    try:
        opened, high, low, close, volume = (Decimal(text) for text in texts[1:])
        shape = low <= min(opened, close) and max(opened, close) <= high
        fits = all(value < Decimal(10) ** 20 for value in (high, volume))
        return texts[0] != "x" and shape and round(low, 18) > 0 and volume >= 0 and fits
    except InvalidOperation:
        return False


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 10**7), *[st.decimals(Decimal(0), Decimal("1e19"), places=9)] * 5, st.booleans()),
        max_size=5,
    ),
    source=st.text(min_size=1, max_size=20),
)
def test_the_text_made_by_columns_is_the_events_own(rows: list[tuple[object, ...]], source: str) -> None:
    events = [
        CandleEvent(source, "BTC-USD", datetime.fromtimestamp(row[0] * 60, UTC), *row[1:])  # type: ignore[arg-type, operator]
        for row in rows
    ]
    minutes = pa.array([row[0] * 60 for row in rows], pa.int64())  # type: ignore[operator]
    values = tuple(pa.array([format(row[n], "f") for row in rows], pa.string()) for n in range(1, 6))
    candles = Candles(minutes, minutes, values, pa.array([row[6] for row in rows], pa.bool_()))
    assert EventText(source, "BTC-USD").values(candles) == [event.to_json() for event in events]
