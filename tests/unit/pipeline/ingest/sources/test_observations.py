"""Which values can be part of an observation, and what is said about those that cannot."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.observations import (
    UnusableValueError,
    check_time,
    observe,
    read_amount,
    read_price,
    read_time_ms,
)

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("135.3", "135.3"),
        ("3.844E-5", "0.00003844"),
        (Decimal("91134.96917951507"), "91134.96917951507"),
        (49357, "49357"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("99999999999999999999", "99999999999999999999"),
        ("0.000000000000000001", "0.000000000000000001"),
    ],
)
def test_a_price_keeps_every_digit(value, expected):
    assert format(read_price(value), "f") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.1234567890123456785", "0.123456789012345678"),  # a tie goes to the even digit
        ("0.1234567890123456775", "0.123456789012345678"),
        ("48607.88000000000000000000001", "48607.880000000000000000"),
        ("9.9e-19", "0.000000000000000001"),
    ],
)
def test_more_than_18_decimals_are_rounded_half_even(value, expected):
    assert format(read_price(value), "f") == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "price is missing"),
        ("", "price '' is not a number"),
        (0, "price 0 is not above 0"),
        ("-1.5", "price '-1.5' is not above 0"),
        (Decimal("NaN"), "price NaN is not a finite number"),
        (Decimal("Infinity"), "price Infinity is not a finite number"),
        ("nan", "price 'nan' is not a number"),
        ("1_000", "price '1_000' is not a number"),
        (" 1", "price ' 1' is not a number"),
        ("٣", "price '٣' is not a number"),
        ("12,5", "price '12,5' is not a number"),
        (True, "price True is not a number"),
        (1.5, "price 1.5 is not a number"),  # a float has lost digits already
        ([1], "price [1] is not a number"),
        ("1e-19", "price '1e-19' is below 1E-18, the finest price kept"),
        ("1e20", "price 1.000e+20 has more than 20 digits before the point"),
        (Decimal("1e999999"), "price 1.000e+999999 has more than 20 digits before the point"),
        ("1e99999999", "price '1e99999999' is not a number"),
    ],
)
def test_what_is_no_price(value, reason):
    with pytest.raises(UnusableValueError) as caught:
        read_price(value)
    assert str(caught.value) == reason


@given(st.one_of(st.text(), st.integers(), st.decimals(), st.floats(), st.none(), st.binary()))
def test_a_price_fits_the_table_or_is_refused(value):
    try:
        price = read_price(value)
    except UnusableValueError:
        return
    assert 0 < price < 10**20
    exponent = price.as_tuple().exponent
    assert isinstance(exponent, int)  # it is a letter in what is no number
    assert -exponent <= 18


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("", None), (0, Decimal(0)), ("1.5", Decimal("1.5"))])
def test_an_amount_may_be_absent_or_nothing(value, expected):
    assert read_amount("volume", value) == expected


def test_an_amount_below_nothing_is_refused():
    with pytest.raises(UnusableValueError, match="volume -1 is below 0"):
        read_amount("volume", -1)


def test_milliseconds_become_a_time():
    assert read_time_ms(1613347200000, NOW) == datetime(2021, 2, 15, tzinfo=UTC)
    assert epoch_ms(read_time_ms(1621089594955, NOW)) == 1621089594955


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1613347200, "are these seconds?"),
        (-1, "are these seconds?"),
        (1230000000000, "is before 2009-01-03"),
        (epoch_ms(NOW) + 61_000, "is in the future"),
        (1613347200000000, "is in the far future"),
        (10**18, "is in the far future"),
        (None, "time None is not a whole number"),
        (True, "time True is not a whole number"),
        ("1613347200000", "is not a whole number"),
        (Decimal("1613347200000.5"), "is not a whole number"),
    ],
)
def test_times_nothing_can_have_had_a_price_at(value, reason):
    with pytest.raises(UnusableValueError, match=reason):
        read_time_ms(value, NOW)


def test_a_clock_may_run_a_minute_ahead():
    moment = datetime(2026, 1, 15, 12, 1, tzinfo=UTC)
    assert check_time(moment, NOW) == moment


def test_a_dead_letter_carries_reason_and_payload():
    def fail():
        raise UnusableValueError("no good")

    assert observe("x:line 1", "a,b", fail) == DeadLetter("x:line 1", "no good", "a,b")
    assert observe("x", {"usd": Decimal("NaN")}, fail) == DeadLetter("x", "no good", '{"usd": "NaN"}')
