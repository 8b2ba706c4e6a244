from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.event_lines import escaped, is_quiet, line, money, utc
from pipeline.events.candles import CandleEvent
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter

NOON = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC


def event(price: str, **changed: object) -> bytes:
    wire = {"coin": "bitcoin", "event_time": NOON, "price_usd": price, "source": "coingecko"}
    return json.dumps(wire | changed).encode()


def test_a_price_is_one_line_with_time_topic_coin_price_and_source() -> None:
    made = PriceEvent(
        "bitcoin", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), Decimal("36547.123456"), None, None, "x"
    )
    shown = line("coin_events", made.to_json(), 0)
    assert shown == "2023-11-14 22:13:20Z  coin_events          bitcoin                36,547.12 USD  x"


def test_a_dead_letter_shows_origin_reason_and_payload() -> None:
    shown = line("dead_letters", DeadLetter("csv:line 7", "no price", "a\nb").to_json(), NOON)
    assert shown == "2023-11-14 22:13:20Z  dead_letters         csv:line 7: no price: a\\nb"


TRADE = {"trade_id": 7, "side": "buy", "size": "0.00000001", "price": "43210.5", "product_id": "BTC-USD"}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"type": "match"} | TRADE, "BTC-USD                43,210.50      buy 0.00000001, trade 7"),
        (
            {"type": "rest_trades", "product_id": "BTC-USD", "trades": [TRADE]},
            "BTC-USD       1 trades fetched to fill a gap",
        ),
        ({"channel": "market_trades", "events": [{"trades": [TRADE, TRADE]}]}, "BTC-USD       2 trades"),
        (
            {"alert_type": "FLASH_CRASH", "product_id": "BTC-USD", "move_pct": "-3.1", "price": "40000.000"},
            "BTC-USD       FLASH_CRASH -3.1 % to 40,000.00",
        ),
        (
            {"gap_id": "g", "product_id": "BTC-USD", "from_id": 3, "to_id": 5, "status": "open", "reason": "jump"},
            "BTC-USD       gap 3..5 open (jump)",
        ),
        ({"type": "match", "product_id": "BTC-USD"}, 'unreadable: {"type": "match", "product_id": "BTC-USD"}'),
        ({"channel": "market_trades", "events": 5}, 'unreadable: {"channel": "market_trades", "events": 5}'),
    ],
)
def test_records_of_the_trade_topics(record: dict[str, object], told: str) -> None:
    assert line("coinbase-raw-trades", json.dumps(record).encode(), NOON) == (
        f"2023-11-14 22:13:20Z  coinbase-raw-trades  {told}"
    )


def test_a_candle_shows_its_minute_close_and_source() -> None:
    price = Decimal("28961.66")
    minute = datetime(2021, 1, 1, tzinfo=UTC)
    candle = CandleEvent("csv_kaggle", "BTC-USD", minute, price, price, price, price, Decimal(1), is_filled=False)
    assert line("bitcoin_data", candle.to_json(), NOON) == (
        "2023-11-14 22:13:20Z  bitcoin_data         BTC-USD                28,961.66      "
        "candle of 2021-01-01 00:00:00Z from csv_kaggle"
    )


@pytest.mark.parametrize("record", [{"type": "heartbeat"}, {"channel": "heartbeats"}, {"type": "subscriptions"}])
def test_signs_of_life_are_quiet(record: dict[str, str]) -> None:
    assert is_quiet(json.dumps(record).encode())


@pytest.mark.parametrize("value", [None, b"", b"5", b'{"type":"match"}', b'{"type":["heartbeat"]}'])
def test_all_else_is_shown(value: bytes | None) -> None:
    assert not is_quiet(value)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234567.891", "1,234,567.89"),
        ("123.456", "123.46"),
        ("12.3456", "12.346"),
        ("2.05519", "2.0552"),
        ("1", "1.0000"),
        ("0.99999", "1.0000"),
        ("0.123456", "0.1235"),
        ("0.00001234567", "0.00001235"),
        ("1E-18", "0.000000000000000001"),
        ("0", "0.00"),
        ("-2.5", "-2.5000"),
        ("1E-999999", "0.000000000000000000"),
    ],
)
def test_money_shows_sensible_digits(amount: str, shown: str) -> None:
    assert money(Decimal(amount)) == shown


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"null",
        b"[1]",
        event("NaN"),
        event("Infinity"),
        event("twelve"),
        event("1E+999999999"),
        b'{"price_usd": "1"}',
        event("1", event_time="yesterday"),
        event("1", event_time=None),
        event("1", price_usd=None),
        b"[" * 100_000,
        b'{"price_usd": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_event_is_shown_as_unreadable(payload: bytes) -> None:
    assert "unreadable: " in line("coin_events", payload, NOON)


def test_a_record_without_a_value_is_shown() -> None:
    assert line("t", None, NOON).endswith("unreadable: (no value)")


def test_a_payload_is_shortened_and_cannot_steer_the_terminal() -> None:
    shown = escaped(b"\x1b[2J\r\n\x9b" + b"x" * 10_000_000)
    assert shown.startswith("\\x1b[2J\\r\\n\\x9b")
    assert len(shown) == 100
    assert shown.endswith("...")


def test_a_time_beyond_the_calendar_is_shown_as_the_number() -> None:
    assert utc(10**20) == f"{10**20} ms"
    assert utc(0) == "1970-01-01 00:00:00Z"


def test_color_marks_simulated_rows_and_faults() -> None:
    assert "\x1b[33msimulator\x1b[0m" in line("t", event("1", source="simulator"), NOON, color=True)
    assert "\x1b[31munreadable" in line("t", b"?", NOON, color=True)
    assert "\x1b" not in line("t", event("1", source="simulator"), NOON)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
objects = st.dictionaries(
    st.sampled_from(["coin", "event_time", "price_usd", "source", "reason", "payload"]), scalars | st.just("1")
)


@given(st.binary() | objects.map(json.dumps).map(str.encode), st.integers(), st.booleans())
def test_any_bytes_give_one_printable_line(value: bytes, timestamp: int, color: bool) -> None:
    shown = line("coin_events", value, timestamp, color=color)
    for code in ("\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"):
        shown = shown.replace(code, "")
    assert shown.isprintable()
