"""Coinbase candles: the open of a day is the price at its start."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.errors import BadDataError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.coinbase import CoinbaseCandles
from pipeline.settings import load_settings
from tests.support.market import Market, reply
from tests.support.sources import day, prices


def seconds(text: str) -> int:
    return int(day(text).timestamp())


def history(market: Market, coin="bitcoin", start="2024-04-01", end="2024-04-04") -> list[Item]:
    source = CoinbaseCandles(load_settings({"COINLAKE_HOME": "/nonexistent"}), market.parts())
    return list(source.history(coin, TimeRange(day(start), day(end))))


def test_the_open_is_the_price_at_the_start_of_the_day():
    body = f"""[[{seconds("2024-04-02")}, 64550.37, 69800.31, 69702.3, 65463.99, 23890.1],
                [{seconds("2024-04-01")}, 68110.48, 71366, 71333.48, 69705.02, 9000],
                [{seconds("2024-03-31")}, 69624.87, 71377.78, 69702.3, 71333.47, 5000]]"""
    market = Market([reply(body)])
    assert history(market) == [
        PriceEvent("bitcoin", day("2024-04-01"), Decimal("71333.48"), None, None, "coinbase_candles"),
        PriceEvent("bitcoin", day("2024-04-02"), Decimal("69702.3"), None, None, "coinbase_candles"),
    ]
    assert market.requests[0].url.path == "/products/BTC-USD/candles"
    assert market.queries() == [
        {"granularity": "86400", "start": "2024-04-01T00:00:00+00:00", "end": "2024-04-03T00:00:00+00:00"}
    ]


def test_a_long_span_is_asked_300_days_at_a_time():
    def answer(request):
        first, last = (datetime.fromisoformat(request.url.params[name]) for name in ("start", "end"))
        count = (last - first).days + 1
        assert count <= 300
        return reply([[int(last.timestamp()) - n * 86400, 1, 2, 1.5, 1.5, 7] for n in range(count)])

    market = Market(answer)
    events = prices(history(market, start="2020-01-01", end="2022-01-01"))
    assert len(market.requests) == 3
    assert [event.event_time for event in events] == [day("2020-01-01") + timedelta(days=n) for n in range(731)]


@pytest.mark.parametrize(
    ("candle", "reason"),
    [
        ("[1711929600, 1, 2, 0, 1, 1]", "price 0 is not above 0"),
        ("[1711929600, 1, 2, null, 1, 1]", "price is missing"),
        ("[1711929600, 1, 2, NaN, 1, 1]", "price NaN is not a finite number"),
        ("[1711929600000, 1, 2, 1, 1, 1]", "is in the far future"),
        ("[null, 1, 2, 1, 1, 1]", "time None is not a whole number"),
        ("[1711929600, 1, 2, 1, 1]", "a candle is"),
        ("{}", "a candle is"),
    ],
)
def test_an_unusable_candle_is_a_dead_letter_and_the_others_stay(candle, reason):
    letter, event = history(Market([reply(f"[[{seconds('2024-04-02')}, 1, 2, 1.5, 1, 1], {candle}]")]))
    assert isinstance(letter, DeadLetter)
    assert reason in letter.reason
    assert letter.origin == "coinbase_candles:candles/bitcoin"
    assert [found.event_time for found in prices([event])] == [day("2024-04-02")]


def test_an_unknown_coin():
    with pytest.raises(UnknownCoinError):
        history(Market([]), coin="nocoin")
    with pytest.raises(UnknownCoinError):
        history(Market([reply({"message": "NotFound"}, 404)]), coin="tron")


def test_an_answer_of_the_wrong_shape():
    with pytest.raises(BadDataError, match="no list"):
        history(Market([reply({"candles": []})]))
