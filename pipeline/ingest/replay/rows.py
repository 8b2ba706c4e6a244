"""Rows as a file has them, column by column, and the clean candles among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, FUTURE_TOLERANCE_S
from pipeline.ingest.sources.csv_layouts import MINUTE_S, read_seconds
from pipeline.ingest.sources.observations import UnusableValueError, check_time, read_amount, read_price

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
WHOLE_SECONDS = r"^\d{1,11}(\.0*)?$"
# What `format(Decimal(text), "f")` returns as it is, in the tables' range: nearly all that files hold.
PLAIN_NUMBER = r"^(0|[1-9]\d{0,19})(\.\d{1,18})?$"
DECIMAL = pa.decimal128(38, 18)


class Place(NamedTuple):
    """Where a block of rows begins: the rows before it, its offset in the source, and the close before it."""

    number: int = 0
    offset: int = 0
    close: str | None = None


START = Place()


@dataclass(frozen=True)
class BadRow:
    """A row that is no candle: its number, why, and what it says."""

    number: int
    reason: str
    text: str


@dataclass(frozen=True)
class Rows:
    """A block of rows: their numbers, the texts of time and numbers, and those that have not even those.

    `start` and `end` say where the block begins and the next one will; `begun` and `done` are the same in the units of
    the source's `total`.
    """

    start: Place
    end: Place
    begun: int
    done: int
    numbers: pa.Int64Array
    times: pa.StringArray  # seconds since 1970
    values: tuple[pa.StringArray, ...]  # in the order of NUMBERS
    bad: Sequence[BadRow] = ()

    def done_at(self, number: int) -> int:
        """Return how far a row of the block is, in the units of the source's `total`."""
        share = (number - self.start.number) / max(1, self.end.number - self.start.number)
        return self.begun + round((self.done - self.begun) * share)


@dataclass(frozen=True)
class Candles:
    """Clean candles in the source's order."""

    numbers: pa.Int64Array
    minutes_s: pa.Int64Array
    values: tuple[pa.StringArray, ...]  # in the order of NUMBERS, as CandleEvent writes them
    is_filled: pa.BooleanArray

    def filter(self, mask: pa.BooleanArray) -> Candles:
        """Keep the candles whose mask is true."""
        values = tuple(column.filter(mask) for column in self.values)
        return Candles(self.numbers.filter(mask), self.minutes_s.filter(mask), values, self.is_filled.filter(mask))

    def slice(self, start: int, length: int) -> Candles:
        """Return a run of them, without copying."""
        values = tuple(column.slice(start, length) for column in self.values)
        return Candles(
            self.numbers.slice(start, length),
            self.minutes_s.slice(start, length),
            values,
            self.is_filled.slice(start, length),
        )


def read_candles(rows: Rows, now: datetime) -> tuple[Candles, list[BadRow], str | None]:
    """Return a block's clean candles, its bad rows in order, and the close that stands before the next block.

    Whole columns are checked at once; only rows that are not plainly good are looked at one by one.
    """
    seconds = _seconds(rows.times)
    is_good = _is_plainly_good(rows, seconds, now)
    values, bad = rows.values, list(rows.bad)
    if not pc.all(is_good).as_py():
        is_good, seconds, values, found = _read_closely(rows, is_good, seconds, now)
        bad = sorted([*bad, *found], key=lambda row: row.number)
        seconds, values = seconds.filter(is_good), tuple(column.filter(is_good) for column in values)
    numbers = rows.numbers.filter(is_good)
    close = rows.start.close
    is_filled = carried_forward(values, close)
    if len(numbers):
        close = values[PRICES.index("close")][-1].as_py()
    return Candles(numbers, seconds, values, is_filled), bad, close


def carried_forward(values: Sequence[pa.StringArray], close_before: str | None) -> pa.BooleanArray:
    """Tell which candles only repeat the close before them: no volume, and all four prices equal to that close."""
    *prices, volume = (pc.cast(column, DECIMAL) for column in values)
    before = pa.concat_arrays(
        [pa.array([_decimal(close_before)], DECIMAL), prices[-1].slice(0, max(len(volume) - 1, 0))]
    )
    before = before.slice(0, len(volume))
    mask = pc.equal(volume, pa.scalar(Decimal(0), DECIMAL))
    for price in prices:
        mask = pc.and_(mask, pc.equal(price, before))
    return pc.fill_null(mask, fill_value=False)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _seconds(times: pa.StringArray) -> pa.Int64Array:
    """Return whole seconds, 0 where a text is none."""
    is_whole = pc.match_substring_regex(times, WHOLE_SECONDS)
    plain = pc.if_else(is_whole, pc.replace_substring_regex(times, r"\.0*$", ""), "0")
    return pc.cast(plain, pa.int64())


def _is_plainly_good(rows: Rows, seconds: pa.Int64Array, now: datetime) -> pa.BooleanArray:
    latest = int((now + timedelta(seconds=FUTURE_TOLERANCE_S)).timestamp())
    mask = pc.and_(
        pc.and_(pc.greater_equal(seconds, int(EARLIEST_EVENT_TIME.timestamp())), pc.less_equal(seconds, latest)),
        pc.equal(pc.multiply(pc.divide(seconds, MINUTE_S), MINUTE_S), seconds),
    )
    for column in rows.values:
        mask = pc.and_(mask, pc.match_substring_regex(column, PLAIN_NUMBER))
    texts = (pc.if_else(mask, column, "1") for column in rows.values)
    opened, high, low, close, _volume = (pc.cast(column, DECIMAL) for column in texts)
    for price in (opened, close):
        mask = pc.and_(mask, pc.and_(pc.less_equal(low, price), pc.less_equal(price, high)))
    return pc.and_(mask, pc.greater(low, pa.scalar(Decimal(0), DECIMAL)))


def _read_closely(
    rows: Rows, is_good: pa.BooleanArray, seconds: pa.Int64Array, now: datetime
) -> tuple[pa.BooleanArray, pa.Int64Array, tuple[pa.StringArray, ...], list[BadRow]]:
    """Read the rows that are not plainly good; return mask and columns with those that are good all the same."""
    good, bad = is_good.to_pylist(), []
    fixed: list[tuple[int, list[str]]] = []
    for index in _indices(good):
        texts = [rows.times[index].as_py(), *(column[index].as_py() for column in rows.values)]
        try:
            fixed.append(read_row(texts, now))
            good[index] = True
        except UnusableValueError as error:
            bad.append(BadRow(rows.numbers[index].as_py(), str(error), ",".join(texts)))
    mask = pa.array(good, pa.bool_())
    was_fixed = pc.and_(mask, pc.invert(is_good))
    columns = tuple(
        pc.replace_with_mask(column, was_fixed, pa.array([texts[number] for _, texts in fixed], pa.string()))
        for number, column in enumerate(rows.values)
    )
    times = pc.replace_with_mask(seconds, was_fixed, pa.array([time for time, _ in fixed], pa.int64()))
    return mask, times, columns, bad


def _indices(good: Sequence[bool]) -> Iterator[int]:
    return (index for index, is_good in enumerate(good) if not is_good)


def read_row(texts: Sequence[str], now: datetime) -> tuple[int, list[str]]:
    """Return a row's minute in seconds since 1970 and its numbers as CandleEvent writes them.

    Raises:
        UnusableValueError: it is no candle.
    """
    seconds = read_seconds(texts[0])
    check_time(datetime.fromtimestamp(seconds, UTC), now)
    if seconds % MINUTE_S:
        raise UnusableValueError(f"time {seconds} s is not the start of a minute")
    opened, high, low, close = (read_price(text) for text in texts[1:5])
    volume = read_amount("volume", texts[5])
    if volume is None:
        raise UnusableValueError("volume is missing")
    if high < low:
        raise UnusableValueError(f"high {high:f} is below low {low:f}")
    for name, price in (("open", opened), ("close", close)):
        if not low <= price <= high:
            raise UnusableValueError(f"{name} {price:f} is outside low {low:f} and high {high:f}")
    return seconds, [format(value, "f") for value in (opened, high, low, close, volume)]
