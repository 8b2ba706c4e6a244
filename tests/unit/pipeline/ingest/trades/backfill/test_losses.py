"""When the filler gives trades up: never because of a failure."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("answer", [reply([]), reply({"message": "NotFound"}, 404)])
def test_a_product_that_no_page_has_trades_of_loses_none(filling, answer):
    answers = [answer]
    exchange = Exchange(5000)
    fill = filling(lambda request: answers[0] if answers else exchange(request))
    fill.drop((1001, 1004))
    fill.run(3600)
    assert fill.states() == {1001: ("open", 0, 0)}
    assert 100 < len(fill.market.requests) < 400, "retried without a limit, but patiently"
    answers.clear()
    fill.run(40)
    assert fill.states() == {1001: ("filled", 4, 0)}


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
