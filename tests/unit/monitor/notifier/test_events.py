"""From a record of `market_alerts` to what people read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notifier.events import market_alert
from tests.support.notices import AT, alert_record


def test_an_alert_says_what_moved_from_where_to_where() -> None:
    alert = market_alert(alert_record())
    assert alert.detected_at == AT + 2
    event = alert.event
    assert (event.key, event.kind) == ("alert:coinbase:BTC-USD:FLASH_CRASH:1764000000000", "alert")
    assert event.subject == "alert.coinbase.BTC-USD.FLASH_CRASH"
    assert event.title == "FLASH_CRASH BTC-USD -3.20 %"  # half to even, as Decimal's format does
    assert event.text == (
        "BTC-USD moved by -3.20 % within 60 s, from 97,123.46 at 2025-11-24 15:59:28Z to 94,010.65 at "
        "2025-11-24 16:00:00Z. Source: coinbase."
    )


def test_a_simulated_alert_says_so_in_title_and_text() -> None:
    event = market_alert(alert_record(source="simulator", move_pct="2.5", alert_type="PRICE_SURGE")).event
    assert event.title == "[SIMULATED] PRICE_SURGE BTC-USD +2.50 %"
    assert event.text.endswith("These are SIMULATED prices, not the market's.")


def test_the_body_holds_the_record_and_the_key() -> None:
    body = json.loads(market_alert(alert_record()).event.body())
    assert set(body) == {"id", "kind", "subject", "title", "text", "time", "data"}
    assert body["id"] == "alert:coinbase:BTC-USD:FLASH_CRASH:1764000000000"
    assert body["time"] == "2025-11-24T16:00:00.000+00:00"
    assert body["data"] == json.loads(alert_record())


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{}",
        alert_record(alert_id=None),
        alert_record(product_id="BTC-USD\r\nBcc: everyone"),  # it becomes the subject of a mail
        alert_record(alert_id="\N{BITCOIN SIGN}"),  # a header takes ASCII
        alert_record(alert_type="A" * 201),
        alert_record(move_pct="NaN"),
        alert_record(price="a lot"),
        alert_record(triggered_at=10**18),
        alert_record(detected_at="soon"),
        alert_record(window_s=None),
    ],
)
def test_what_is_no_alert_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match="no alert"):
        market_alert(record)


@given(st.binary() | st.dictionaries(st.text(), st.text()).map(lambda fields: json.dumps(fields).encode()))
def test_no_record_raises_anything_else(record: bytes) -> None:
    with pytest.raises(ValueError, match="no alert"):
        market_alert(record)
