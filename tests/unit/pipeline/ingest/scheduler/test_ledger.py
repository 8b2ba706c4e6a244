from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.scheduler.ledger import ImportMark, Ledger
from pipeline.ingest.scheduler.store import open_store

FIRST, SECOND = date(2013, 4, 28), date(2013, 4, 29)
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAYS = st.sets(st.integers(0, 40).map(lambda count: FIRST + timedelta(days=count)))


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "scheduler" / "ledger.db")
    yield store
    store.close()


@given(st.lists(DAYS, max_size=6))
def test_published_days_are_the_union_of_all_batches(tmp_path_factory, batches):
    store = open_store(tmp_path_factory.mktemp("ledger") / "ledger.db")
    ledger = Ledger(store)
    for batch in batches:
        ledger.add_published("bitcoin", "coingecko", batch)
    assert ledger.published("bitcoin", "coingecko") == set().union(*batches)
    store.close()


def test_coins_and_sources_are_kept_apart(store):
    ledger = Ledger(store)
    ledger.add_published("bitcoin", "coingecko", [FIRST])
    assert ledger.published("ethereum", "coingecko") == set()
    assert ledger.published("bitcoin", "simulator") == set()


def test_an_absent_day_is_not_a_published_one_and_becomes_one_when_it_appears(store):
    clock = [NOON]
    ledger = Ledger(store, lambda: clock[0])
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    clock[0] += timedelta(days=1)
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    assert ledger.published("bitcoin", "coingecko") == set()
    assert ledger.absent("bitcoin", "coingecko") == {FIRST}
    ledger.add_published("bitcoin", "coingecko", [FIRST])
    assert ledger.published("bitcoin", "coingecko") == {FIRST}
    assert ledger.absent("bitcoin", "coingecko") == set()


def test_one_answer_without_a_day_proves_nothing(store):
    clock = [NOON]
    ledger = Ledger(store, lambda: clock[0])
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    clock[0] += timedelta(hours=23)
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    assert ledger.absent("bitcoin", "coingecko") == set()
    clock[0] += timedelta(hours=1)
    ledger.add_lacking("bitcoin", "coingecko", [SECOND])  # says nothing about the first
    ledger.add_lacking("ethereum", "coingecko", [FIRST])
    assert ledger.absent("bitcoin", "coingecko") == set()
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    assert ledger.absent("bitcoin", "coingecko") == {FIRST}


def test_a_day_that_came_meanwhile_starts_over(store):
    clock = [NOON]
    ledger = Ledger(store, lambda: clock[0])
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    ledger.add_published("bitcoin", "coingecko", [FIRST])
    clock[0] += timedelta(days=2)
    ledger.add_lacking("bitcoin", "coingecko", [FIRST])
    assert ledger.published("bitcoin", "coingecko") == {FIRST}


def test_the_ledger_outlives_its_process(tmp_path):
    first = open_store(tmp_path / "ledger.db")
    Ledger(first).add_published("bitcoin", "coingecko", [FIRST])
    # not closed: as after a kill -9
    second = open_store(tmp_path / "ledger.db")
    assert Ledger(second).published("bitcoin", "coingecko") == {FIRST}
    first.close()
    second.close()


def test_another_kafka_makes_the_ledger_forget_and_say_so(store, caplog):
    ledger = Ledger(store)
    assert ledger.adopt("cluster-1/topic-1") is False
    ledger.add_published("bitcoin", "coingecko", [FIRST])
    ledger.add_imported("abc", "bitcoin", ImportMark(3, finished=True))
    assert ledger.adopt("cluster-1/topic-1") is False
    assert ledger.published("bitcoin", "coingecko") == {FIRST}
    with caplog.at_level(logging.WARNING):
        assert ledger.adopt("cluster-1/topic-2") is True
    assert "it was cluster-1/topic-1" in caplog.text
    assert ledger.published("bitcoin", "coingecko") == set()
    assert ledger.imported("abc", "bitcoin") == ImportMark()


def test_an_import_is_remembered_for_its_coin_only(store):
    ledger = Ledger(store)
    ledger.add_imported("abc", "bitcoin", ImportMark(500))
    ledger.add_imported("abc", "bitcoin", ImportMark(700, finished=True))
    assert ledger.imported("abc", "bitcoin") == ImportMark(700, finished=True)
    assert ledger.imported("abc", "ethereum") == ImportMark()


def test_a_transaction_that_fails_leaves_nothing(store):
    def half():
        with store.transaction() as connection:
            connection.execute("INSERT INTO kafka (identity) VALUES ('half')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert store.query("SELECT * FROM kafka") == []


def test_a_source_is_forgotten_for_one_coin_or_for_all(store):
    ledger = Ledger(store)
    for coin in ("bitcoin", "ethereum"):
        ledger.add_published(coin, "coinmetrics", [FIRST])
        ledger.add_published(coin, "coingecko", [FIRST])
        ledger.add_imported("abc", coin, ImportMark(7, finished=True))
    assert ledger.forget("coinmetrics", "bitcoin") == 1
    assert ledger.published("bitcoin", "coinmetrics") == set()
    assert ledger.published("ethereum", "coinmetrics") == {FIRST}
    assert ledger.published("bitcoin", "coingecko") == {FIRST}
    assert ledger.imported("abc", "bitcoin").finished, "no file is one of an exchange's days"
    assert ledger.forget("csv_coingecko", "bitcoin") == 1
    assert ledger.imported("abc", "bitcoin") == ImportMark()
    assert ledger.forget("csv_kaggle", None) == 1
    assert ledger.imported("abc", "ethereum") == ImportMark()
