"""Coin Metrics: the close of a day is the price at the next midnight; pages are followed, but not anywhere."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from pipeline.errors import BadDataError, FinalSourceError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.coinmetrics import CoinMetrics
from pipeline.settings import load_settings
from tests.support.market import Market, reply
from tests.support.sources import day, prices

URL = "https://community-api.coinmetrics.io/v4/timeseries/asset-metrics"


def row(date: str, price: str | None = "1.5", **more: str) -> dict[str, str | None]:
    return {"asset": "btc", "time": f"{date}T00:00:00.000000000Z", "PriceUSD": price, **more}


def source(market: Market) -> CoinMetrics:
    return CoinMetrics(load_settings({"COINLAKE_HOME": "/nonexistent"}), market.parts())


def history(*replies, coin="bitcoin", start="2020-01-01", end="2020-01-10") -> list[Item]:
    return list(source(Market(replies)).history(coin, TimeRange(day(start), day(end))))


def test_a_close_is_the_price_at_the_next_midnight():
    market = Market([reply({"data": [row("2019-12-31", "7193.59902", CapMrktCurUSD="130446112598.1")]})])
    events = list(source(market).history("bitcoin", TimeRange(day("2020-01-01"), day("2020-01-02"))))
    assert events == [
        PriceEvent("bitcoin", day("2020-01-01"), Decimal("7193.59902"), Decimal("130446112598.1"), None, "coinmetrics")
    ]
    assert str(market.requests[0].url).startswith(URL + "?")
    assert market.queries() == [
        {
            "assets": "btc",
            "metrics": "PriceUSD,CapMrktCurUSD",
            "frequency": "1d",
            "start_time": "2019-12-31",
            "end_time": "2020-01-01",
            "paging_from": "start",
            "page_size": "10000",
        }
    ]


def test_what_lies_outside_the_span_is_dropped():
    rows = [row(f"2020-01-{n:02}") for n in range(1, 20)]
    items = history(reply({"data": rows}), start="2020-01-03", end="2020-01-05")
    assert [event.event_time for event in prices(items)] == [day("2020-01-03"), day("2020-01-04")]


@pytest.mark.parametrize(
    "onward", [{"next_page_token": "abc"}, {"next_page_url": f"{URL}?assets=btc&next_page_token=abc"}]
)
def test_pages_are_followed(onward):
    market = Market([reply({"data": [row("2020-01-01")], **onward}), reply({"data": [row("2020-01-02")]})])
    events = prices(source(market).history("bitcoin", TimeRange(day("2020-01-01"), day("2020-01-10"))))
    assert [event.event_time for event in events] == [day("2020-01-02"), day("2020-01-03")]
    assert market.queries()[1]["next_page_token"] == "abc"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/v4/timeseries/asset-metrics?next_page_token=abc",
        "http://community-api.coinmetrics.io/v4/timeseries/asset-metrics?next_page_token=abc",
        "https://community-api.coinmetrics.io@elsewhere.test/v4/timeseries/asset-metrics",
        "/v4/timeseries/asset-metrics?next_page_token=abc",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(url):
    with pytest.raises(BadDataError, match="the next page is at"):
        history(reply({"data": [], "next_page_url": url}))


def test_a_page_that_names_itself_ends_it():
    page = {"data": [row("2020-01-01")], "next_page_token": "abc"}
    with pytest.raises(BadDataError, match="the same page"):
        history(reply(page), reply(page))


def test_the_community_limit_is_kept():
    times = []

    def answer(_request):
        times.append(market.clock.time())
        return reply({"data": [], "next_page_token": str(len(times)) if len(times) < 40 else None})

    market = Market(answer)
    list(source(market).history("bitcoin", TimeRange(day("2020-01-01"), day("2020-01-10"))))
    assert max(sum(1 for t in times if start <= t < start + 6 - 1e-6) for start in times) <= 10


def test_a_day_without_a_price_is_no_observation():
    unpriced = {"asset": "btc", "time": "2020-01-01T00:00:00.000000000Z", "CapMrktCurUSD": "0"}
    items = history(reply({"data": [unpriced, row("2020-01-02", None), row("2020-01-03")]}))
    assert [event.event_time for event in prices(items)] == [day("2020-01-04")]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("2020-01-02", "0"), "price '0' is not above 0"),
        (row("2020-01-02", "-1"), "price '-1' is not above 0"),
        (row("2020-01-02", "NaN"), "price 'NaN' is not a number"),
        (row("2020-01-02", CapMrktCurUSD="x"), "market cap 'x' is not a number"),
        (row("2020-02-30"), "is not in the calendar"),
        (row("0001-01-01"), "is before 2009-01-03"),
        (row("9999-12-31"), "is not in the calendar"),
        ({"asset": "btc", "time": "2020-01-02T05:00:00Z", "PriceUSD": "1"}, "is not the start of a day"),
        ({"asset": "btc", "time": 1577923200, "PriceUSD": "1"}, "is not the start of a day"),
        ("not a row", "is not the start of a day"),
    ],
)
def test_an_unusable_row_is_a_dead_letter_and_the_others_stay(bad, reason):
    first, letter, last = history(reply({"data": [row("2020-01-01"), bad, row("2020-01-03")]}))
    assert isinstance(letter, DeadLetter)
    assert reason in letter.reason
    assert letter.origin == "coinmetrics:asset-metrics/bitcoin"
    assert [event.event_time for event in prices([first, last])] == [day("2020-01-02"), day("2020-01-04")]


def test_an_unknown_coin():
    with pytest.raises(UnknownCoinError):
        history(coin="nocoin")
    message = "Bad parameter 'assets'. Value 'sol' is not supported."
    with pytest.raises(UnknownCoinError):
        history(reply({"error": {"type": "bad_parameter", "message": message}}, 400), coin="solana")


def test_a_refusal_says_what_the_server_said():
    message = "Requested metric 'PriceUSD' is not available with supplied credentials."
    with pytest.raises(FinalSourceError, match="not available with supplied credentials"):
        history(reply({"error": {"type": "forbidden", "message": message}}, 403))


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": {}}])
def test_an_answer_of_the_wrong_shape(body):
    with pytest.raises(BadDataError, match="'data'"):
        history(reply(body))


def median_difference(shared_data, shift_days: int, since: str, until: str) -> float:
    """Median of |Coin Metrics / CoinGecko - 1| in percent, the close of D standing at D + shift."""
    found = duckdb.execute(
        """
        SELECT median(abs(m.PriceUSD::DOUBLE / g.price::DOUBLE - 1)) * 100
        FROM read_csv(?, compression='zstd', all_varchar=true) m
        JOIN read_csv(?, all_varchar=true) g ON g.snapped_at[:10]::DATE = m.date::DATE + ?::INTEGER
        WHERE m.PriceUSD IS NOT NULL AND g.snapped_at[:10] BETWEEN ? AND ?
        """,
        [
            str(shared_data / "daily" / "coinmetrics_btc_20090103_20191101.csv.zst"),
            str(shared_data / "daily" / "coingecko_btc-usd-max_20130428_20260113.csv"),
            shift_days,
            since,
            until,
        ],
    ).fetchone()
    assert found
    return float(found[0])


def test_the_real_files_agree_when_a_close_stands_at_the_next_midnight(shared_data):
    assert median_difference(shared_data, 1, "2018-02-10", "2019-11-01") < 0.5
    assert median_difference(shared_data, 0, "2018-02-10", "2019-11-01") > 1.5


def test_older_days_of_the_real_coingecko_file_hold_their_close(shared_data):
    assert median_difference(shared_data, 0, "2014-01-01", "2017-12-31") < 0.5
    assert median_difference(shared_data, 1, "2014-01-01", "2017-12-31") > 1.0


def test_a_binance_day_closes_at_the_price_of_the_real_file(shared_data):
    [(to_close, to_open)] = duckdb.execute(
        """
        WITH days AS (
            SELECT DATE '1970-01-01' + ("Timestamp"::BIGINT // 86400)::INTEGER AS day,
                   min_by("Open", "Timestamp")::DOUBLE AS open, max_by("Close", "Timestamp")::DOUBLE AS close
            FROM read_parquet(?) WHERE "Timestamp" < ? GROUP BY 1)
        SELECT median(abs(m.PriceUSD::DOUBLE / close - 1)), median(abs(m.PriceUSD::DOUBLE / open - 1))
        FROM days JOIN read_csv(?, compression='zstd', all_varchar=true) m ON m.date::DATE = days.day
        WHERE m.PriceUSD IS NOT NULL
        """,
        [
            str(shared_data / "minute" / "binance_btcusdt_1m_20170817_20251130.parquet"),
            int(day("2019-11-01").timestamp()),
            str(shared_data / "daily" / "coinmetrics_btc_20090103_20191101.csv.zst"),
        ],
    ).fetchall()
    assert to_close < 0.005
    assert to_open > 0.015
