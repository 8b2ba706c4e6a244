from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.errors import (
    RangeNotAllowedError,
    RateLimitedError,
    RetryableSourceError,
    ServiceError,
    StoppedError,
    UnknownCoinError,
)
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler import history
from pipeline.ingest.scheduler.history import Chain, ChainLink, fetch_history, whole_days
from pipeline.ingest.scheduler.jobs import Progress
from pipeline.ingest.scheduler.ledger import Ledger
from pipeline.ingest.scheduler.spans import DaySpan
from pipeline.ingest.scheduler.store import open_store
from pipeline.ingest.sources.base import Item
from tests.support.ingest import DAY, FakeKafka, FakeSource, price

TODAY = date(2024, 6, 1)
FIRST = date(2024, 1, 1)
SPAN = DaySpan(FIRST, TODAY)
ALL = SPAN.days() - {TODAY}  # 152 finished days


def every(first, last):
    return DaySpan(first, last).days()


@pytest.fixture
def kafka():
    return FakeKafka()


@pytest.fixture
def clock():
    """The time by which the ledger judges answers, as a list of one."""
    return [datetime(2024, 6, 1, 12, tzinfo=UTC)]


@pytest.fixture
def ledger(tmp_path, clock):
    store = open_store(tmp_path / "ledger.db")
    yield Ledger(store, lambda: clock[0])
    store.close()


@pytest.fixture
def run(kafka, ledger, monkeypatch):
    """Walk the given sources over SPAN; return the outcome and the last progress."""
    monkeypatch.setattr(history, "SHORTEST_PAUSE_S", 0.0)
    monkeypatch.setattr(history, "BATCH_ITEMS", 10)

    def walk(*sources, span=SPAN, today=TODAY, stop=None):
        links = [ChainLink(source.name, source) for source in sources]
        told: list[Progress] = []
        chain = Chain(links, ledger, kafka, stop or threading.Event())
        outcome = fetch_history(chain, "bitcoin", span, today, told.append)
        return outcome, told[-1]

    return walk


def asked(source):
    return [(span.start.date(), span.end.date() - DAY) for span in source.asked]


def test_one_source_that_has_everything(run, kafka, ledger):
    source = FakeSource("coingecko", ALL)
    outcome, progress = run(source)
    assert outcome.message is None
    assert kafka.days() == [(day, "coingecko") for day in sorted(ALL)]
    assert (progress.done, progress.total, progress.events) == (152, 152, 152)
    assert ledger.published("bitcoin", "coingecko") == ALL


def test_a_second_run_asks_and_publishes_nothing(run, kafka):
    source = FakeSource("coingecko", ALL)
    run(source)
    kafka.items.clear()
    source.asked.clear()
    outcome, progress = run(source)
    assert outcome.message is None
    assert source.asked == []
    assert kafka.items == []
    assert (progress.done, progress.total, progress.events) == (152, 152, 0)


def test_an_extended_range_fetches_only_what_is_missing(run):
    source = FakeSource("coingecko", ALL)
    run(source, span=DaySpan(date(2024, 2, 1), date(2024, 2, 29)))
    source.asked.clear()
    run(source)
    assert asked(source) == [(FIRST, date(2024, 1, 31)), (date(2024, 3, 1), date(2024, 5, 31))]


def test_the_unfinished_day_is_never_asked_for_nor_noted(run, ledger):
    source = FakeSource("coingecko", ALL | {TODAY})
    run(source)
    assert asked(source) == [(FIRST, TODAY - DAY)]
    assert TODAY not in ledger.published("bitcoin", "coingecko")
    source.asked.clear()
    run(source, today=TODAY + DAY, span=DaySpan(FIRST, TODAY + DAY))
    assert asked(source) == [(TODAY, TODAY)]


def test_a_range_of_today_alone_is_done_at_once(run):
    outcome, progress = run(FakeSource("coingecko", set()), span=DaySpan(TODAY, TODAY))
    assert outcome.message is None
    assert (progress.done, progress.total) == (0, 0)


def test_a_price_outside_the_days_asked_is_passed_over(run, kafka):
    class Chatty(FakeSource):
        def history(self, coin, span):
            yield from super().history(coin, span)
            yield price(coin, TODAY, self.name, hour=9)  # the live point at the end of CoinGecko's answers

    run(Chatty("coingecko", ALL))
    assert {day for day, _ in kafka.days()} == ALL


def test_the_next_source_is_asked_only_for_what_the_first_does_not_have(run, kafka):
    hole = {date(2024, 2, 3), date(2024, 2, 4), date(2024, 3, 9)}
    first, second = FakeSource("coingecko", ALL - hole), FakeSource("coinmetrics", ALL)
    outcome, progress = run(first, second)
    assert outcome.message is None
    assert asked(second) == [(date(2024, 2, 3), date(2024, 2, 4)), (date(2024, 3, 9), date(2024, 3, 9))]
    assert {day for day, source in kafka.days() if source == "coinmetrics"} == hole
    assert len(kafka.days()) == len(ALL)
    assert progress.done == 152


def test_a_key_that_does_not_reach_back_is_asked_for_what_it_may_have(run, ledger):
    far = DaySpan(date(2022, 1, 1), TODAY)
    allowed = TODAY - timedelta(days=364)
    refusal = RangeNotAllowedError("coingecko", "last 365 days only")
    first = FakeSource("coingecko", far.days(), reach=allowed, too_far=refusal)
    second = FakeSource("coinmetrics", far.days())
    outcome, _ = run(first, second, span=far)
    assert outcome.message is None
    assert asked(first) == [(date(2022, 1, 1), TODAY - DAY), (allowed, TODAY - DAY)]
    assert asked(second) == [(date(2022, 1, 1), allowed - DAY)]
    assert ledger.published("bitcoin", "coingecko") == every(allowed, TODAY - DAY)


def test_a_key_that_gives_nothing_even_so_is_left(run):
    refusal = RangeNotAllowedError("coingecko", "not at all")
    first = FakeSource("coingecko", ALL, reach=date(2100, 1, 1), too_far=refusal)
    second = FakeSource("coinmetrics", ALL)
    outcome, _ = run(first, second)
    assert outcome.message is None
    assert len(first.asked) == 2


@pytest.mark.parametrize(
    "fault", [UnknownCoinError("coingecko", "bitcoin"), RetryableSourceError("coingecko", "cannot connect")]
)
def test_a_source_without_an_answer_is_left_to_the_next(run, kafka, fault):
    first, second = FakeSource("coingecko", ALL, faults=[fault]), FakeSource("coinmetrics", ALL)
    outcome, _ = run(first, second)
    assert (outcome.message, outcome.failed) == (None, False)
    assert len(first.asked) == 1
    assert {source for _, source in kafka.days()} == {"coinmetrics"}


def test_days_that_nobody_had_are_told_with_the_reasons(run):
    first = FakeSource("coingecko", ALL - every(FIRST, date(2024, 1, 31)))
    second = FakeSource("coinmetrics", set(), faults=[RetryableSourceError("coinmetrics", "cannot connect")])
    outcome, progress = run(first, second)
    assert outcome.message == "no source had 31 days: 2024-01-01..2024-01-31 (coinmetrics: cannot connect)"
    assert outcome.failed is False
    assert (progress.done, progress.total) == (121, 152)


def test_a_walk_in_which_no_source_answered_has_failed(run):
    outcome, _ = run(
        FakeSource("coingecko", ALL, faults=[UnknownCoinError("coingecko", "bitcoin")]),
        FakeSource("coinmetrics", ALL, faults=[RetryableSourceError("coinmetrics", "cannot connect")]),
    )
    assert outcome.failed is True
    assert "no coin called 'bitcoin'" in outcome.message
    assert "coinmetrics: cannot connect" in outcome.message


def test_old_days_without_a_row_are_asked_for_on_two_days_and_young_ones_again(run, clock):
    late = date(2024, 5, 30)
    source = FakeSource("coingecko", ALL - {FIRST, late})
    run(source)
    clock[0] += DAY
    source.asked.clear()
    run(source)
    assert asked(source) == [(FIRST, FIRST), (late, late)]
    source.asked.clear()
    run(source)
    assert asked(source) == [(late, late)]


def test_an_empty_answer_does_not_hand_the_days_to_another_source_for_good(run, kafka):
    run(source := FakeSource("coingecko", set()))
    source.has = ALL
    assert run(source)[0].message is None
    assert len(kafka.days()) == 152


def test_a_server_error_in_the_middle_goes_on_where_it_stopped(run, kafka):
    source = FakeSource("coingecko", ALL, faults=[RetryableSourceError("coingecko", "502")], gives=45)
    outcome, progress = run(source)
    assert outcome.message is None
    assert asked(source) == [(FIRST, TODAY - DAY), (FIRST + 40 * DAY, TODAY - DAY)]  # four batches were safe
    assert [day for day, _ in kafka.days()] == sorted(ALL)
    assert progress.events == 152


def test_a_rate_limit_in_the_middle_is_waited_for_and_bounded(run, kafka):
    limited = [RateLimitedError("coingecko", 0.01) for _ in range(9)]
    source = FakeSource("coingecko", ALL, faults=list(limited[:2]))
    assert run(source)[0].message is None
    assert [day for day, _ in kafka.days()] == sorted(ALL)


def test_a_rate_limit_that_never_ends_leaves_the_rest_to_the_next(run, kafka):
    first = FakeSource("coingecko", ALL, faults=[RateLimitedError("coingecko", 0.01) for _ in range(9)])
    outcome, _ = run(first, FakeSource("coinmetrics", ALL))
    assert outcome.message is None
    assert len(first.asked) == 3
    assert {source for _, source in kafka.days()} == {"coinmetrics"}


def test_a_wait_of_hours_is_not_waited_for(run):
    first = FakeSource("coingecko", ALL, faults=[RateLimitedError("coingecko", 7200.0)])
    run(first, FakeSource("coinmetrics", ALL))
    assert len(first.asked) == 1


def test_kafka_gone_in_the_middle_ends_the_walk_and_the_next_goes_on_there(run, kafka, ledger):
    source = FakeSource("coingecko", ALL)
    kafka.takes = 3
    with pytest.raises(ServiceError):
        run(source)
    assert len(ledger.published("bitcoin", "coingecko")) == 30
    kafka.takes = None
    run(source)
    assert [day for day, _ in kafka.days()] == sorted(ALL)


def test_a_crash_between_kafka_and_the_ledger_loses_nothing(run, kafka, ledger, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt  # what no `except Exception` stops, as a kill

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "add_published", crash)
        with pytest.raises(KeyboardInterrupt):
            run(FakeSource("coingecko", ALL))
    run(FakeSource("coingecko", ALL))
    assert {day for day, _ in kafka.days()} == ALL
    assert len(kafka.days()) == len(ALL) + 10  # one batch twice; the tables drop it by its key


def test_the_services_end_cuts_a_walk_between_batches(run, kafka):
    stop = threading.Event()
    original = kafka.publish

    def publish_and_stop(items):
        stop.set()
        return original(items)

    kafka.publish = publish_and_stop
    with pytest.raises(StoppedError):
        run(FakeSource("coingecko", ALL), stop=stop)
    assert len(kafka.items) == 10


def test_a_day_with_several_events_is_never_parted():
    items = [replace(price("bitcoin", FIRST), source=str(n)) for n in range(3)] + [price("bitcoin", FIRST + DAY)]
    assert [len(batch) for batch in whole_days(items, 2)] == [3, 1]


def test_a_dead_letter_stays_with_the_day_before_it():
    letter = DeadLetter("fake", "price is NaN", "{}")
    items: list[Item] = [price("bitcoin", FIRST), letter, letter, price("bitcoin", FIRST + DAY)]
    assert [len(batch) for batch in whole_days(items, 1)] == [3, 1]


def test_a_dead_letter_is_published_and_counted(run, kafka):
    class Odd(FakeSource):
        def history(self, coin, span):
            yield DeadLetter("fake", "price is NaN", "{}")
            yield from super().history(coin, span)

    _, progress = run(Odd("coingecko", ALL))
    assert progress.rejected == 1
    assert progress.events == 152
