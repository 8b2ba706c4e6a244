"""Pages of past trades."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import BadDataError, RateLimitedError, RetryableSourceError, UnknownCoinError
from pipeline.ingest.trades.backfill.rest import TradesRest, rest_frame
from tests.support.market import Market, reply

URL = "https://market.test"
BTC = "BTC-USD"


def trade(trade_id, **fields):
    return {
        "time": "2026-09-02T07:44:09.449472Z",
        "trade_id": trade_id,
        "price": "1",
        "size": "2",
        "side": "buy",
    } | fields


def page(*replies, after=100):
    return TradesRest(URL, Market(replies).parts()).page(BTC, after)


def test_what_is_asked():
    market = Market([reply([trade(99)])])
    TradesRest(URL, market.parts()).page(BTC, 100)
    assert market.requests[0].url.path == "/products/BTC-USD/trades"
    assert market.queries() == [{"limit": "1000", "after": "100"}]


def test_trades_come_verbatim_newest_first_each_once():
    extra = trade(98, price="3.844E-5", size="0.00000001", liquidity="M", note=None)
    got = page(reply([trade(99), trade(99), extra, trade("97")]))
    assert list(got) == [99, 98, 97]
    assert got[98] == extra


def test_the_frame():
    body = f'[{json.dumps(trade(99))[:-1]}, "fee": 0.10000000000000000001}}]'
    frame = json.loads(rest_frame(BTC, page(reply(body)).values()))
    assert frame == {"type": "rest_trades", "product_id": BTC, "trades": [trade(99, fee="0.10000000000000000001")]}


def test_what_is_not_a_trade_is_skipped(caplog):
    got = page(reply([trade(99), trade(None), trade(-1), trade("x"), trade(True), trade(1.5), {"price": "1"}, 7, None]))
    assert list(got) == [99]
    assert caplog.text.count("skipped an entry that is not a trade") == 8


def test_nothing_that_old():
    assert page(reply([])) == {}


@pytest.mark.parametrize(
    ("answer", "is_above"), [([trade(101), trade(100)], True), ([trade(100), trade(99)], False), ([], False)]
)
def test_whether_newer_trades_alone_are_there(answer, is_above):
    market = Market([reply(answer)])
    assert TradesRest(URL, market.parts()).is_trading_above(BTC, 100) is is_above
    assert market.queries() == [{"limit": "1000"}]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"message": "NotFound"}, 404), UnknownCoinError),
        (reply({"message": "Slow down"}, 429, {"Retry-After": "7"}), RateLimitedError),
        (reply("", 503), RetryableSourceError),
        (reply({"message": "no list"}), BadDataError),
        (reply([trade(100), trade(101)]), BadDataError),  # it does not heed `after`
        (reply([{"trade": 1}]), BadDataError),
    ],
)
def test_failures_are_told_apart_and_not_retried_here(answer, error):
    with pytest.raises(error):
        page(answer)


def test_calls_keep_to_the_public_limit():
    market = Market(lambda _request: reply([trade(1)]))
    rest = TradesRest(URL, market.parts())
    moments = []
    for _ in range(40):
        rest.page(BTC, 100)
        moments.append(market.clock.time())
    assert max(sum(at <= other < at + 1 for other in moments) for at in moments) <= 10


def test_a_product_is_listed_unless_it_is_absent_or_delisted():
    listed = [{"id": BTC, "status": "online"}, {"id": "OMG-USD", "status": "delisted"}, {"id": "NEW-USD"}, 7]
    rest = TradesRest(URL, Market([reply(listed)] * 4).parts())
    assert [rest.is_listed(name) for name in (BTC, "NEW-USD", "OMG-USD", "REP-USD")] == [True, True, False, False]


@pytest.mark.parametrize("answer", [[], {}, [{"product_id": BTC}]])
def test_a_list_without_a_product_says_nothing(answer):
    with pytest.raises(BadDataError):
        TradesRest(URL, Market([reply(answer)]).parts()).is_listed(BTC)
