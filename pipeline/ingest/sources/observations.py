"""From what a market said to an observation, or to a dead letter that says what was wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, FUTURE_TOLERANCE_S, PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import Item

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_MS = 86_400_000

SCALE = 18  # digits behind the point in the tables' decimal(38,18)
WHOLE_DIGITS = 20
_FINEST = Decimal(1).scaleb(-SCALE)
_ROUNDING = Context(prec=SCALE + WHOLE_DIGITS + 2, rounding=ROUND_HALF_EVEN)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)  # Decimal() would take "1_0" and "٣" too


class UnusableValueError(ValueError):
    """A value cannot be part of an observation; the message is the dead letter's reason."""


def observe(origin: str, payload: object, build: Callable[[], PriceEvent]) -> Item:
    """Return the observation that `build` makes, or the dead letter that says why it could not."""
    try:
        return build()
    except UnusableValueError as error:
        return DeadLetter(origin, str(error), payload if isinstance(payload, str) else text_of(payload))


def read_price(value: object) -> Decimal:
    """Return a price in USD, above 0; more than 18 decimals, a market's float noise, are rounded half-even to 18."""
    price = _number("price", value)
    if price <= 0:
        raise UnusableValueError(f"price {_short(value)} is not above 0")
    rounded = _fit("price", price)
    if not rounded:
        raise UnusableValueError(f"price {_short(value)} is below {_FINEST}, the finest price kept")
    return rounded


def read_amount(what: str, value: object) -> Decimal | None:
    """Return a market cap or volume in USD, 0 or more; None where the market gave none."""
    if value is None or value == "":
        return None
    amount = _number(what, value)
    if amount < 0:
        raise UnusableValueError(f"{what} {_short(value)} is below 0")
    return _fit(what, amount)


def read_time_ms(value: object, now: datetime) -> datetime:
    """Return the time that a whole number of milliseconds since 1970 stands for, checked by `check_time`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusableValueError(f"time {_short(value)} is not a whole number")
    if value < 10**11:  # before 1973
        raise UnusableValueError(f"time {value} ms is before Bitcoin existed; are these seconds?")
    try:
        return check_time(EPOCH + timedelta(milliseconds=value), now)
    except OverflowError:
        raise UnusableValueError(f"time {value} ms is in the far future") from None


def check_time(moment: datetime, now: datetime) -> datetime:
    """Return the time if something can have had a price then: from Bitcoin's first block until now."""
    if moment < EARLIEST_EVENT_TIME:
        raise UnusableValueError(f"time {moment.isoformat()} is before {EARLIEST_EVENT_TIME.date()}")
    if moment > now + timedelta(seconds=FUTURE_TOLERANCE_S):
        raise UnusableValueError(f"time {moment.isoformat()} is in the future")
    return moment


def start_of_day(moment: datetime) -> datetime:
    """Return the midnight, UTC, that begins the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _number(what: str, value: object) -> Decimal:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise UnusableValueError(f"{what} {_short(value)} is not a number")
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise UnusableValueError(f"{what} is missing" if value is None else f"{what} {_short(value)} is not a number")
    number = Decimal(value)
    if not number.is_finite():
        raise UnusableValueError(f"{what} {number} is not a finite number")
    return number


def _fit(what: str, number: Decimal) -> Decimal:
    if number.adjusted() >= WHOLE_DIGITS:
        raise UnusableValueError(f"{what} {number:.3e} has more than {WHOLE_DIGITS} digits before the point")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -SCALE:
        return number.quantize(_FINEST, context=_ROUNDING)
    return number


def _short(value: object) -> str:
    return (repr(value) if isinstance(value, str) else str(value))[:40]


def text_of(payload: object) -> str:
    """Return what a dead letter shows of a part of an answer."""
    return json.dumps(payload, default=str)
