"""The lines of the last minutes."""

from __future__ import annotations

from monitor.page.recent import SPAN_S, RecentPrices

SECOND = 1000


def line(recent: RecentPrices, now_s: float = 100) -> list[tuple[int, float | None]]:
    return recent.lines(now_s).get("BTC-USD", [])


def trade(recent: RecentPrices, price: str, ms: int) -> None:
    recent.hear(["BTC-USD"], ms)
    recent.add("BTC-USD", price, ms)


def test_the_last_price_of_a_second_stands_for_it() -> None:
    recent = RecentPrices()
    trade(recent, "1", 10_000)
    trade(recent, "2", 10_900)
    trade(recent, "3", 11_000)
    assert line(recent) == [(10, 2.0), (11, 3.0)]
    assert recent.take() == {"BTC-USD": [(10, 2.0), (11, 3.0)]}
    assert recent.take() == {}


def test_a_silent_feed_interrupts_the_line() -> None:
    recent = RecentPrices()
    trade(recent, "1", 10_000)
    trade(recent, "2", 30_000)
    assert line(recent) == [(10, 1.0), (11, None), (30, 2.0)]


def test_heartbeats_keep_the_line_whole() -> None:
    recent = RecentPrices()
    trade(recent, "1", 10_000)
    for second in range(11, 30):
        recent.hear(["BTC-USD"], second * SECOND)
    trade(recent, "2", 30_000)
    assert line(recent) == [(10, 1.0), (30, 2.0)]


def test_a_trade_older_than_the_end_changes_nothing() -> None:
    recent = RecentPrices()
    trade(recent, "1", 10_000)
    recent.add("BTC-USD", "9", 9_000)
    assert line(recent) == [(10, 1.0)]


def test_only_the_last_minutes_are_kept() -> None:
    recent = RecentPrices()
    for second in range(2 * SPAN_S):
        trade(recent, "1", second * SECOND)
    assert len(line(recent, 2 * SPAN_S)) == SPAN_S
    assert line(recent, 2 * SPAN_S)[0][0] == SPAN_S
    assert line(recent, 10 * SPAN_S) == []
    assert len(recent.take()["BTC-USD"]) == SPAN_S
