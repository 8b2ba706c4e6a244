"""CoinGecko's past prices: which spans are asked for, and what the series in its answers become."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.errors import BadDataError, RangeNotAllowedError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import TimeRange
from pipeline.ingest.sources.coingecko import daily_range
from tests.support.market import Market, reply
from tests.support.sources import coingecko, day, dead_letters, prices

NOW = datetime(2026, 1, 15, 12, 30, 5, tzinfo=UTC)  # where the fake clock starts
MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)
SPAN = TimeRange(datetime(2026, 1, 13, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC))


def ms(text: str) -> int:
    return int(day(text).timestamp()) * 1000


def chart(prices, caps=(), volumes=()) -> str:
    return json.dumps({"prices": prices, "market_caps": list(caps), "total_volumes": list(volumes)})


def test_series_of_different_length_are_joined_by_time():
    body = chart(
        prices=[[ms("2026-01-13"), 1.5], [ms("2026-01-14"), 2.5], [ms("2026-01-15"), 3.5], [1768480195955, 9]],
        caps=[[ms("2026-01-14"), 20], [ms("2026-01-15"), 30]],
        volumes=[[ms("2026-01-13"), 100], [ms("2026-01-15"), 300], [ms("2026-01-16"), 400]],
    )
    assert list(coingecko(Market([reply(body)])).history("bitcoin", SPAN)) == [
        PriceEvent("bitcoin", day("2026-01-13"), Decimal("1.5"), None, Decimal(100), "coingecko"),
        PriceEvent("bitcoin", day("2026-01-14"), Decimal("2.5"), Decimal(20), None, "coingecko"),
        PriceEvent("bitcoin", day("2026-01-15"), Decimal("3.5"), Decimal(30), Decimal(300), "coingecko"),
    ]


def test_live_repeated_unsorted_and_foreign_points_are_dropped():
    first, second = ms("2026-01-13"), ms("2026-01-14")
    points = [[second, 2], [first, 1], [first, 7], [second + 955, 8], [second - 1, 9], [ms("2026-01-12"), 0]]
    events = prices(coingecko(Market([reply(chart(points))])).history("bitcoin", SPAN))
    assert [(event.event_time, event.price_usd) for event in events] == [
        (day("2026-01-13"), Decimal(1)),
        (day("2026-01-14"), Decimal(2)),
    ]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("null", "price is missing"),
        ("0", "price 0 is not above 0"),
        ("-1", "price -1 is not above 0"),
        ("NaN", "price NaN is not a finite number"),
        ('"x"', "price 'x' is not a number"),
    ],
)
def test_a_day_without_a_usable_price_is_a_dead_letter(price, reason):
    body = f'{{"prices": [[{ms("2026-01-13")}, {price}], [{ms("2026-01-14")}, 2]]}}'.replace(
        "]]}", ']], "market_caps": [], "total_volumes": []}'
    )
    letter, event = coingecko(Market([reply(body)])).history("bitcoin", SPAN)
    assert isinstance(letter, DeadLetter)
    assert (letter.origin, letter.reason) == ("coingecko:market_chart/bitcoin", reason)
    assert [found.price_usd for found in prices([event])] == [2]


def test_stamps_in_seconds_are_not_lost_silently():
    [letter] = dead_letters(coingecko(Market([reply(chart([[1768262400, 1.5]]))])).history("bitcoin", SPAN))
    assert "are these seconds?" in letter.reason


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"prices": {}}',
        '{"prices": [1], "market_caps": [], "total_volumes": []}',
        '{"prices": [[1]], "market_caps": [], "total_volumes": []}',
        '{"prices": [["x", 1]], "market_caps": [], "total_volumes": []}',
        '{"prices": [], "market_caps": null, "total_volumes": []}',
    ],
)
def test_history_of_the_wrong_shape(body):
    with pytest.raises(BadDataError, match="market_chart"):
        list(coingecko(Market([reply(body)])).history("bitcoin", SPAN))


def test_an_unknown_coin():
    with pytest.raises(UnknownCoinError, match="nocoin"):
        list(coingecko(Market([reply({"error": "coin not found"}, 404)])).history("nocoin", SPAN))


def test_a_coin_cannot_reach_another_path():
    market = Market([reply(chart([]))])
    list(coingecko(market).history("../ping?x=", SPAN))
    assert market.requests[0].url.raw_path.startswith(b"/api/v3/coins/..%2Fping%3Fx%3D/market_chart/range?")


@pytest.mark.parametrize("tier", ["keyless", "demo"])
def test_a_public_key_reaches_back_a_year(tier):
    market = Market(lambda _request: reply(chart([])))
    source = coingecko(market, COINGECKO_TIER=tier)
    first = source.first_allowed_day()
    assert first == day("2025-01-16")
    assert NOW - first <= timedelta(days=365)
    list(source.history("bitcoin", TimeRange(first, MIDNIGHT)))
    assert len(market.requests) == 1
    with pytest.raises(RangeNotAllowedError, match="2025-01-16"):
        list(source.history("bitcoin", TimeRange(first - timedelta(days=1), MIDNIGHT)))
    assert len(market.requests) == 1  # refused here, without spending a call


def test_elsewhere_the_server_decides():
    market = Market([reply({"status": {"error_code": 10012, "error_message": "past 365 days"}}, 401)])
    source = coingecko(market, "http://127.0.0.1:1")
    assert source.first_allowed_day() is None
    with pytest.raises(RangeNotAllowedError, match="past 365 days"):
        list(source.history("bitcoin", TimeRange(day("2013-01-01"), MIDNIGHT)))


def test_a_long_span_is_asked_in_chunks_and_no_day_comes_twice():
    def answer(request):
        start, end = (int(request.url.params[name]) for name in ("from", "to"))
        first = -(-start // 86400)
        return reply(chart([[n * 86_400_000, 1] for n in range(first, end // 86400 + 1)] + [[end * 1000 + 1, 5]]))

    market = Market(answer)
    span = TimeRange(day("2013-04-28"), day("2026-01-16"))
    events = prices(coingecko(market, COINGECKO_TIER="pro").history("bitcoin", span))
    assert len(market.requests) == 5
    days = [event.event_time for event in events]
    assert days == [span.start + timedelta(days=n) for n in range(4646)]
    assert all(int(query["to"]) - int(query["from"]) > 90 * 86400 for query in market.queries())


@pytest.mark.parametrize(
    ("start", "end", "asked"),
    [
        ("2025-02-01", "2025-02-02", ("2025-02-01", "2025-05-03")),  # room ahead
        ("2025-02-01", "2025-12-01", ("2025-02-01", "2025-12-01")),  # long enough
        ("2025-02-01", "2026-02-01", ("2025-02-01", "2026-01-15T12:30:05")),  # never beyond now
        ("2026-01-14", "2026-01-16", ("2025-10-16T12:30:05", "2026-01-15T12:30:05")),  # no room ahead
    ],
)
def test_the_range_asked_for_is_answered_in_days(start, end, asked):
    got = daily_range(TimeRange(day(start), day(end)), NOW)
    assert got == TimeRange(day(asked[0]), day(asked[1]))
    assert got.end - got.start > timedelta(days=90)


def test_a_span_in_the_future_asks_nothing():
    span = TimeRange(day("2026-02-01"), day("2026-03-01"))
    assert list(coingecko(Market([])).history("bitcoin", span)) == []


# ---- answers as recorded


def test_a_recorded_daily_answer(shared_data):
    body = (shared_data / "coingecko" / "jf_daily_historical_prices_for_one_coin.json").read_text()
    source = coingecko(Market([reply(body)]), COINGECKO_TIER="pro")
    events = prices(source.history("bitcoin", TimeRange(day("2021-02-01"), day("2021-05-16"))))
    assert len(events) == 90  # the 91st point is the live price of the day
    assert events[0] == PriceEvent(
        "bitcoin",
        day("2021-02-15"),
        Decimal("48607.8745224845"),
        Decimal("905515462576.995"),
        Decimal("57738376570.131905"),
        "coingecko",
    )
    assert events[-1].event_time == day("2021-05-15")


@pytest.mark.parametrize("name", ["hourly_historical_prices_for_one_coin", "minutely_historical_prices_for_one_coin"])
def test_recorded_answers_in_finer_steps_hold_no_day(shared_data, name):
    body = (shared_data / "coingecko" / f"jf_{name}.json").read_text()
    source = coingecko(Market([reply(body)]), COINGECKO_TIER="pro")
    assert list(source.history("bitcoin", TimeRange(day("2021-04-01"), day("2021-06-01")))) == []
