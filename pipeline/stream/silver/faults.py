"""What is wrong with a field, in words, with close looks at numbers and times; each value is read as text first."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, FUTURE_TOLERANCE_S, epoch_ms

MAX_DECIMALS = 18
PLAIN_NUMBER = r"^\d{1,20}(\.\d{0,18})?$"  # nearly all of them; one look is enough, the rest is looked at closely
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_EXPONENTS = [
    rf"(\d{{1,20}}(\.\d{{0,{MAX_DECIMALS - places}}}0*)?|\.\d{{1,{max(1, MAX_DECIMALS - places)}}})[eE]-0?{places}"
    for places in range(1, MAX_DECIMALS + 1)
]
EXACT_NUMBER = (
    r"^-?(\d{1,20}+(\.\d{0,18}+0*+)?+$|"
    + "|".join([r"\.\d{1,18}0*$", r"(\d{1,20}(\.\d{0,18}0*)?|\.\d{1,18}0*)[eE]\+?\d{1,2}$"])
    + "|("
    + "|".join(_EXPONENTS)
    + ")$)"
)
"""Matches every number of at most 18 decimals in one look, also 3.844E-5: fewer expressions to plan a batch with."""

VALUE_CHARACTERS = 64  # of an offending value, in a reason


def first_fault(*checks: tuple[Column, Column | str]) -> Column:
    """Return the message of the first check that is true, else null."""
    return reduce(lambda rest, check: F.when(check[0], F.lit(check[1])).otherwise(rest), reversed(checks), F.lit(None))


def shape_fault(text: Column, is_json: Column) -> Column:
    """Return why a payload, as text, is not a JSON object; `is_json` tells whether a parser took it."""
    trimmed = F.trim(text)
    return first_fault(
        (text.isNull() | (text == ""), "payload is empty"),
        (~F.is_valid_utf8(text), "payload is not UTF-8"),
        (~(F.startswith(trimmed, F.lit("{")) & F.endswith(trimmed, F.lit("}"))), "payload is not a JSON object"),
        (~is_json, "payload is not valid JSON"),
    )


def latest_ms() -> Column:
    """Return the latest time that a record may tell, in ms since 1970: markets' clocks may run a little ahead."""
    return F.unix_millis("kafka_time") + FUTURE_TOLERANCE_S * 1000


def is_plausible(time_ms: Column) -> Column:
    """Tell whether a time in ms since 1970 can be one of a market."""
    return time_ms.between(epoch_ms(EARLIEST_EVENT_TIME), latest_ms())


def time_fault(name: str, time_ms: Column, text: Column, *further: tuple[Column, Column | str]) -> Column:
    """Return why a field is no plausible time in ms since 1970, or the first of the further checks that is true."""
    return first_fault(
        (time_ms.isNull(), shown(f"{name} is not a whole number of milliseconds", text)),
        (
            time_ms < epoch_ms(EARLIEST_EVENT_TIME),
            shown(f"{name} is before 2009-01-03 (seconds instead of milliseconds?)", text),
        ),
        (time_ms > latest_ms(), shown(f"{name} is in the future", text)),
        *further,
    )


def missing(name: str, text: Column, otherwise: Column) -> Column:
    """Return that the field is missing where its text is null or empty, else what `otherwise` says."""
    return F.when(text.isNull() | (text == ""), F.lit(f"{name} is missing")).otherwise(otherwise)


def number_fault(name: str, text: Column, number: Column, *, above_zero: bool) -> Column:
    """Return what is wrong with a number, null where nothing is or there is no text.

    `number` is the text's value as a `DECIMAL`, null where it has none.
    """
    too_low = (number <= 0) if above_zero else (number < 0)
    sign = F.when(too_low, shown(f"{name} is not positive" if above_zero else f"{name} is negative", text))
    closely = F.coalesce(_shape_fault(name, text, number), sign)
    return F.when(text.rlike(PLAIN_NUMBER), sign).when(text.isNotNull(), closely)


def _shape_fault(name: str, text: Column, number: Column) -> Column:
    """Look closely at a number that is not plain: a sign, an exponent, very many digits, or no number at all."""
    return (
        F.when(~text.rlike(NUMBER), shown(f"{name} is not a decimal number", text))
        .when(_decimals(text) > MAX_DECIMALS, shown(f"{name} has more than {MAX_DECIMALS} decimals", text))
        .when(number.isNull(), shown(f"{name} is too large", text))
    )


def _decimals(text: Column) -> Column:
    """Count the digits behind the point that matter; 1.50E-3 has four."""
    fraction = F.regexp_replace(F.regexp_extract(text, r"\.(\d*)", 1), "0+$", "")
    exponent = F.coalesce(F.regexp_extract(text, r"[eE]([+-]?\d{1,3})$", 1).try_cast("int"), F.lit(0))
    return F.length(fraction) - exponent


def shown(message: str, text: Column) -> Column:
    """Return the message with the offending value, cut to a readable length."""
    return F.concat(F.lit(f"{message}: "), F.substring(text, 1, VALUE_CHARACTERS))
