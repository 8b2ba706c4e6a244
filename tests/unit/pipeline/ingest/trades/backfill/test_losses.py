"""When the filler gives trades up: never because of a failure."""

from __future__ import annotations

import httpx
import pytest

from pipeline.ingest.trades.gaps.gap import Hole
from tests.support.filling import Exchange
from tests.support.market import reply


def test_what_the_pages_skip_is_lost_after_two_answers_and_a_minute(filling):
    exchange = Exchange(5000, gone={1003, *range(1500, 2600)})
    fill = filling(exchange)
    fill.drop((1001, 3500))
    fill.run(55)
    assert fill.states() == {1001: ("open", 2500 - 1101, 0)}
    calls = len(exchange.afters)
    fill.run(45)
    assert fill.states() == {1001: ("lost", 2500 - 1101, 1101)}
    assert fill.kept.told[-1].note == "fetched by REST: 1399; lost: 1101, the exchange's pages skip them"
    assert calls < len(exchange.afters) < 20
    assert sum(len(ids) for ids in fill.sent()) == 1399


def test_what_is_only_not_visible_yet_is_not_lost(filling):
    exchange = Exchange(3000)
    fill = filling(exchange)
    fill.drop((3001, 3004))
    fill.run(55)
    exchange.newest = 3002
    fill.run(20)
    exchange.newest = 5000
    fill.run(40)
    assert sum(len(ids) for ids in fill.sent()) + fill.states()[3001][2] == 4
    assert fill.states()[3001][1] >= 2


def test_one_wrong_answer_is_not_believed(filling):
    exchange = Exchange(5000)
    fill = filling(exchange)
    fill.drop((1001, 1004))
    fill.kept.clock.sleep(3600)
    exchange.faults = [reply([])]
    fill.run(25)
    assert fill.states() == {1001: ("open", 0, 0)}
    fill.run(20)
    assert fill.states() == {1001: ("filled", 4, 0)}


STEP_S = 60.0
NOT_FOUND = reply({"message": "NotFound"}, 404)


class Delisting:
    """An exchange that may answer 404 for a product's trades; `listed` is what its list of products says."""

    def __init__(self) -> None:
        self.exchange = Exchange(5000)
        self.is_gone = True
        self.listed = reply([{"id": "ETH-USD", "status": "online"}])

    def __call__(self, request: httpx.Request) -> httpx.Response | Exception:
        if request.url.path == "/products":
            return self.listed
        return NOT_FOUND if self.is_gone else self.exchange(request)


def test_a_product_that_no_page_has_trades_of_loses_none(filling):
    answers = [reply([])]
    exchange = Exchange(5000)
    fill = filling(lambda request: answers[0] if answers else exchange(request))
    fill.drop((1001, 1004))
    fill.run(3600)
    assert fill.states() == {1001: ("open", 0, 0)}
    assert 100 < len(fill.market.requests) < 400, "retried without a limit, but patiently"
    answers.clear()
    fill.run(40)
    assert fill.states() == {1001: ("filled", 4, 0)}


def test_a_404_is_asked_again_once_an_hour_in_the_end(filling):
    market = Delisting()
    market.listed = NOT_FOUND  # a proxy, say
    fill = filling(market)
    fill.drop((1001, 1004))
    fill.run(6 * 3600, STEP_S)
    assert fill.states() == {1001: ("open", 0, 0)}
    calls = [request.url.path for request in fill.market.requests]
    assert calls == ["/products/BTC-USD/trades", "/products"] * (len(calls) // 2)
    assert 10 <= len(calls) // 2 <= 18  # half of them in the first hour
    market.is_gone = False
    fill.run(3600)
    assert fill.states() == {1001: ("filled", 4, 0)}


@pytest.mark.parametrize("status", [None, "delisted"])
def test_a_product_unlisted_for_a_day_makes_its_gaps_unavailable(filling, status):
    market = Delisting()
    if status:
        market.listed = reply([{"id": "BTC-USD", "status": status}])
    fill = filling(market)
    fill.drop((1001, 1004))
    fill.run(23 * 3600, STEP_S)
    assert fill.states() == {1001: ("open", 0, 0)}
    fill.run(4 * 3600, STEP_S)
    assert fill.states() == {1001: ("unavailable", 0, 0)}
    assert fill.kept.told[-1].note == "unavailable: 4, the exchange no longer lists the product"
    assert fill.kept.told[-1].closed_at is not None
    calls = len(fill.market.requests)
    fill.run(3600)
    assert len(fill.market.requests) == calls, "nothing is left to ask for"


@pytest.mark.parametrize(
    "listed",
    [reply([]), reply([{"id": "BTC-USD", "status": "online"}]), reply({"products": []}), reply("", 503), NOT_FOUND],
)
def test_what_does_not_say_that_a_product_is_gone_ends_no_gap(filling, listed):
    market = Delisting()
    market.listed = listed
    fill = filling(market)
    fill.drop((1001, 1004))
    fill.run(48 * 3600, STEP_S)
    assert fill.states() == {1001: ("open", 0, 0)}


def test_a_product_that_comes_back_begins_the_day_again(filling):
    market = Delisting()
    fill = filling(market)
    fill.drop((1001, 1004))
    fill.run(20 * 3600, STEP_S)
    listed, market.listed = market.listed, reply([{"id": "BTC-USD"}])
    fill.run(2 * 3600, STEP_S)
    market.listed = listed
    fill.run(20 * 3600, STEP_S)
    assert fill.states() == {1001: ("open", 0, 0)}


def test_an_unavailable_gap_stays_closed_after_a_restart_and_can_be_reopened(filling):
    market = Delisting()
    fill = filling(market)
    fill.drop((1001, 1004))
    fill.run(28 * 3600, STEP_S)
    later = fill.kept.again()
    assert later.ledger.detector.counts()["open_gaps"] == 0
    assert later.ledger.detector.reopen(Hole("BTC-USD", 1001, 1004, "not_in_table"))
    assert [gap.runs for gap in later.ledger.detector.wanted()] == [((1001, 1004),)]
    later.store.close()


def test_an_empty_page_counts_where_newer_trades_are_there(filling):
    exchange = Exchange(5000, gone=range(1, 4000))
    fill = filling(exchange)
    fill.drop((1001, 1004))
    fill.run(120)
    assert fill.states() == {1001: ("lost", 0, 4)}
    assert fill.kept.told[-1].note == "lost: 4, the exchange's pages skip them"
    assert exchange.afters == [1005, 5001] * 3, "each empty page was checked against the newest"


def test_an_empty_page_that_the_newest_contradicts_is_a_fault(filling):
    exchange = Exchange(1010)
    fill = filling(lambda request: reply([]) if "after" in request.url.params else exchange(request))
    fill.drop((1001, 1004))
    fill.run(600)
    assert fill.states() == {1001: ("open", 0, 0)}
