"""Price events on the wire: no digit and no millisecond may be lost."""

from __future__ import annotations

import json
from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, PriceEvent, epoch_ms

EVENT = PriceEvent(
    coin="bitcoin",
    event_time=datetime(2013, 4, 28, tzinfo=UTC),
    price_usd=Decimal("135.3"),
    market_cap_usd=Decimal("1500517590"),
    volume_usd=None,
    source="csv_coingecko",
)

# What decimal(38,18) holds: 20 digits before the point, 18 behind it.
MONEY = st.decimals(min_value=0, max_value=Decimal(10) ** 20 - 1, places=18, allow_nan=False, allow_infinity=False)


def test_wire_form_is_compact_json_in_the_columns_order() -> None:
    assert EVENT.to_json() == (
        b'{"coin":"bitcoin","event_time":1367107200000,"price_usd":"135.3","market_cap_usd":"1500517590",'
        b'"volume_usd":null,"source":"csv_coingecko"}'
    )


@pytest.mark.parametrize(
    ("price", "on_the_wire"),
    [
        ("1E-18", "0.000000000000000001"),
        ("3.844E-5", "0.00003844"),
        ("1E+5", "100000"),
        ("135.30", "135.30"),
        ("0.1", "0.1"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ],
)
def test_decimal_goes_over_the_wire_in_plain_digits(price: str, on_the_wire: str) -> None:
    assert json.loads(replace(EVENT, price_usd=Decimal(price)).to_json())["price_usd"] == on_the_wire


@given(price=MONEY, cap=st.none() | MONEY, volume=st.none() | MONEY)
def test_every_digit_survives_the_wire(price: Decimal, cap: Decimal | None, volume: Decimal | None) -> None:
    wire = json.loads(replace(EVENT, price_usd=price, market_cap_usd=cap, volume_usd=volume).to_json())
    back = [
        None if wire[name] is None else Decimal(wire[name]) for name in ("price_usd", "market_cap_usd", "volume_usd")
    ]
    assert back == [price, cap, volume]


@given(coin=st.text(), source=st.text())
def test_any_text_is_one_line_of_json(coin: str, source: str) -> None:
    wire = replace(EVENT, coin=coin, source=source).to_json()
    assert b"\n" not in wire
    assert (json.loads(wire)["coin"], json.loads(wire)["source"]) == (coin, source)


@pytest.mark.parametrize(
    ("moment", "milliseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), -1),
        (EARLIEST_EVENT_TIME, 1_230_940_800_000),
        (datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC), 1_709_251_199_999),
        (datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1_704_067_200_000),
    ],
)
def test_epoch_ms_of_known_moments(moment: datetime, milliseconds: int) -> None:
    assert epoch_ms(moment) == milliseconds


@given(microseconds=st.integers(min_value=0, max_value=200 * 365 * 86_400 * 1_000_000))
def test_epoch_ms_agrees_with_the_calendar(microseconds: int) -> None:
    moment = EARLIEST_EVENT_TIME + timedelta(microseconds=microseconds)
    # timegm counts whole seconds from the calendar fields, by other code than ours
    assert epoch_ms(moment) == timegm(moment.timetuple()) * 1000 + microseconds // 1000 % 1000


def test_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        epoch_ms(datetime(2024, 1, 1))
