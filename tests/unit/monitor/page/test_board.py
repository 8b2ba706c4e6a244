"""The state that the page shows: coalesced, bounded, and each change handed out once."""

from __future__ import annotations

from typing import Any

from monitor.page.board import MOST_ALERTS, TAPE, Board
from monitor.page.records import CoinPrice, Trade


def trade(number: int, price: str = "1.5", product: str = "BTC-USD") -> Trade:
    return Trade(product, str(number), price, "0.1", "buy", number * 1000, number * 1000 + 5, "simulator")


def alert(number: int) -> dict[str, Any]:
    return {"alert_id": f"a{number}", "triggered_ms": number}


def test_a_thousand_trades_are_one_price_and_a_short_tape() -> None:
    board = Board()
    board.add_trades([trade(number) for number in range(1000)], 1)
    update = board.take()
    assert update is not None
    assert update["products"] == {"BTC-USD": trade(999)}
    assert update["trades"] == [trade(number) for number in range(1000 - TAPE, 1000)]
    assert update["traded"] == 1000
    assert update["points"]["BTC-USD"][-1] == (999, 1.5)
    assert board.take() is None


def test_only_what_changed_is_handed_out() -> None:
    board = Board()
    board.put("services", {"kafka": {"up": True}, "presto": {"up": True}})
    board.take()
    board.put("services", {"kafka": {"up": True}, "presto": {"up": False}})
    assert board.take() == {"services": {"presto": {"up": False}}}
    assert board.whole()["services"] == {"kafka": {"up": True}, "presto": {"up": False}}


def test_none_takes_a_key_away_and_says_so_once() -> None:
    board = Board()
    board.put("faults", {"kafka": "away"})
    board.take()
    for _ in range(2):
        board.put("faults", {"kafka": None})
    assert board.take() == {"faults": {"kafka": None}}
    assert board.whole()["faults"] == {}
    assert board.take() is None


def test_a_section_can_be_replaced() -> None:
    board = Board()
    board.replace("services", {"kafka": 1, "notebook": 2})
    board.take()
    board.replace("services", {"kafka": 1})
    assert board.take() == {"services": {"notebook": None}}


def test_history_does_not_take_a_newer_price_away() -> None:
    board = Board()
    board.add_price(CoinPrice("bitcoin", "2", 2000, "simulator"))
    board.add_price(CoinPrice("bitcoin", "1", 1000, "csv_coingecko"))
    assert board.whole()["coins"]["bitcoin"].price == "2"
    board.add_price(CoinPrice("bitcoin", "3", 3000, "simulator"))
    assert board.whole()["coins"]["bitcoin"].price == "3"


def test_the_newest_alerts_are_kept_each_once() -> None:
    board = Board()
    board.add_alerts(alert(number) for number in range(MOST_ALERTS))
    board.add_alerts([alert(0), alert(MOST_ALERTS)])
    kept = board.whole()["alerts"]
    assert sorted(one["triggered_ms"] for one in kept.values()) == list(range(1, MOST_ALERTS + 1))


def test_a_silence_of_the_feed_is_in_the_lines() -> None:
    board = Board()
    board.add_trades([trade(1)], 1_000)
    board.hear("BTC-USD", 60_000)
    update = board.take()
    assert update is not None
    assert update["points"]["BTC-USD"] == [(1, 1.5), (2, None)]


def test_trades_from_before_the_feed_began_do_not_count() -> None:
    board = Board()
    board.add_trades([trade(1)], 1, is_new=False)
    update = board.take()
    assert update is not None
    assert (update["traded"], update["trades"]) == (0, [trade(1)])


def test_a_feed_that_begins_again_doubles_nothing() -> None:
    board = Board()
    board.put("x", {"k": 1})
    board.add_trades([trade(5)], 1)
    board.begin_feed()
    board.add_trades([trade(4), trade(5)], 1)
    update = board.take()
    assert update is not None
    assert update["trades"] == board.whole()["trades"] == [trade(4), trade(5)]
    assert update["points"] == {"BTC-USD": [(4, 1.5), (5, 1.5)]}
    assert update["x"] == {"k": 1}


def test_nothing_is_left_for_the_next_viewer() -> None:
    board = Board()
    board.add_trades([trade(1)], 1)
    board.clear()
    assert (board.take(), board.whole(), board.lines()) == (None, {"trades": []}, {})
