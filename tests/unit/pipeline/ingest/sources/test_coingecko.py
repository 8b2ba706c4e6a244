"""CoinGecko: which server is called with which key, how often, and what current prices become."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipeline.errors import BadDataError, RateLimitedError
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.http import RetryPolicy
from pipeline.ingest.sources.coingecko import CoinGecko, simulator_url
from pipeline.settings import load_settings
from tests.support.market import Market, reply
from tests.support.sources import coingecko, dead_letters, prices

# ---- who is called, and how


@pytest.mark.parametrize(
    ("tier", "host", "header"),
    [
        ("keyless", "api.coingecko.com", None),
        ("demo", "api.coingecko.com", "x-cg-demo-api-key"),
        ("pro", "pro-api.coingecko.com", "x-cg-pro-api-key"),
    ],
)
def test_each_tier_has_its_host_and_header(tier, host, header):
    market = Market([reply({"gecko_says": "(V3) To the Moon!"})])
    assert coingecko(market, COINGECKO_TIER=tier, COINGECKO_API_KEY="k-123").ping() == "coingecko"
    request = market.requests[0]
    assert str(request.url) == f"https://{host}/api/v3/ping"
    sent = {name: value for name, value in request.headers.items() if name.startswith("x-cg")}
    assert sent == ({header: "k-123"} if header else {})


def test_another_server_can_be_named():
    market = Market(lambda _request: reply({}, headers={"X-Coinlake-Simulator": "1"}))
    assert coingecko(market, COINGECKO_URL="http://127.0.0.1:1/api/v3").ping() == "simulator"
    coingecko(market, "http://127.0.0.1:2/api/v3", COINGECKO_URL="http://127.0.0.1:1/api/v3").ping()
    assert [request.url.port for request in market.requests] == [1, 2]


def test_the_simulator_is_found_on_its_port():
    settings = load_settings({"COINLAKE_HOME": "/nonexistent", "COINLAKE_PORT_BASE": "20000"})
    assert simulator_url(settings) == "http://127.0.0.1:20060/api/v3"


@pytest.mark.parametrize(("tier", "most"), [("keyless", 5), ("demo", 30), ("pro", 500)])
def test_no_minute_holds_more_calls_than_the_tier_allows(tier, most):
    times = []

    def answer(_request):
        times.append(market.clock.time())
        return reply({})

    market = Market(answer)
    source = coingecko(market, COINGECKO_TIER=tier)
    for _ in range(most * 2):
        source.ping()
    assert max(sum(1 for t in times if start <= t < start + 60 - 1e-6) for start in times) <= most


def test_a_rate_limit_that_lasts_is_told():
    market = Market(lambda _request: reply({}, 429, {"retry-after": "3600"}))
    with pytest.raises(RateLimitedError):
        coingecko(market).prices(("bitcoin",))
    assert len(market.requests) == 1


def test_the_key_is_in_no_message():
    settings = load_settings(
        {"COINLAKE_HOME": "/nonexistent", "COINGECKO_TIER": "demo", "COINGECKO_API_KEY": "k-secret"}
    )
    market = Market([reply("", 500)])
    with pytest.raises(Exception, match="500") as caught:
        CoinGecko(settings, parts=market.parts(RetryPolicy(attempts=1))).ping()
    assert "k-secret" not in repr(caught.value)


# ---- current prices


def test_current_prices():
    body = """{"bitcoin": {"usd": 91134.96917951507123, "usd_market_cap": 1820530763450.6675, "usd_24h_vol": 4.6E10,
               "last_updated_at": 1768480200}, "dogecoin": {"usd": 0.1, "last_updated_at": 1768480201}}"""
    market = Market([reply(body)])
    assert coingecko(market).prices(("bitcoin", "dogecoin")) == [
        PriceEvent(
            "bitcoin",
            datetime(2026, 1, 15, 12, 30, tzinfo=UTC),
            Decimal("91134.96917951507123"),
            Decimal("1820530763450.6675"),
            Decimal("46000000000"),
            "coingecko",
        ),
        PriceEvent("dogecoin", datetime(2026, 1, 15, 12, 30, 1, tzinfo=UTC), Decimal("0.1"), None, None, "coingecko"),
    ]
    assert market.queries() == [
        {
            "ids": "bitcoin,dogecoin",
            "vs_currencies": "usd",
            "include_market_cap": "true",
            "include_24hr_vol": "true",
            "include_last_updated_at": "true",
            "precision": "full",
        }
    ]


def test_the_simulators_rows_say_so():
    answer = reply({"bitcoin": {"usd": 1, "last_updated_at": 1768480200}}, headers={"x-coinlake-simulator": "1"})
    [event] = prices(coingecko(Market([answer])).prices(("bitcoin",)))
    assert event.source == "simulator"


GOOD = '"usd": 1, "last_updated_at": 1768480200'


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "price is missing"),
        ("{}", "price is missing"),
        ("[]", "price is missing"),
        ('{"usd": null, "last_updated_at": 1768480200}', "price is missing"),
        ('{"usd": 0, "last_updated_at": 1768480200}', "price 0 is not above 0"),
        ('{"usd": -2.5, "last_updated_at": 1768480200}', "price -2.5 is not above 0"),
        ('{"usd": NaN, "last_updated_at": 1768480200}', "price NaN is not a finite number"),
        ('{"usd": "1.5e", "last_updated_at": 1768480200}', "price '1.5e' is not a number"),
        ('{"usd": 1}', "time None is not a whole number"),
        ('{"usd": 1, "last_updated_at": 1768480200000}', "time 1768480200000000 ms is in the far future"),
        ('{"usd": 1, "last_updated_at": 1768999999}', "time 2026-01-21T12:53:19+00:00 is in the future"),
        ('{"usd": 1, "last_updated_at": 1200000000}', "time 2008-01-10T21:20:00+00:00 is before 2009-01-03"),
        (f'{{{GOOD}, "usd_market_cap": -1}}', "market cap -1 is below 0"),
    ],
)
def test_an_unusable_entry_is_a_dead_letter_and_the_others_stay(entry, reason):
    body = f'{{"ethereum": {{{GOOD}}}' + (f', "bitcoin": {entry}}}' if entry else "}")
    letter, event = coingecko(Market([reply(body)])).prices(("bitcoin", "ethereum"))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert letter.origin == "coingecko:simple/price"
    assert "bitcoin" in letter.payload
    assert isinstance(event, PriceEvent)


def test_an_answer_of_the_wrong_shape():
    with pytest.raises(BadDataError, match="no object"):
        coingecko(Market([reply([1])])).prices(("bitcoin",))


def test_many_coins_are_asked_in_batches():
    market = Market(lambda _request: reply({}))
    items = coingecko(market).prices(tuple(f"coin-{n}" for n in range(250)))
    assert len(items) == 250
    assert [query["ids"].count(",") + 1 for query in market.queries()] == [100, 100, 50]


def test_a_recorded_price_without_its_time_is_a_dead_letter(shared_data):
    body = (shared_data / "coingecko" / "jf_price_for_multiple_coins.json").read_text()
    [letter] = dead_letters(coingecko(Market([reply(body)])).prices(("bitcoin",)))
    assert letter.payload == '{"bitcoin": {"usd": 49357}}'
