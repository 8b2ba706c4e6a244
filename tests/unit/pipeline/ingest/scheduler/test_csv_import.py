from __future__ import annotations

import threading
from datetime import date

import pytest

from pipeline.errors import BadDataError, ServiceError, StoppedError
from pipeline.ingest.scheduler import csv_import
from pipeline.ingest.scheduler.csv_import import import_csv
from pipeline.ingest.scheduler.history import Chain
from pipeline.ingest.scheduler.jobs import Order, Progress
from pipeline.ingest.scheduler.ledger import Ledger
from pipeline.ingest.scheduler.store import open_store
from tests.support.ingest import FakeKafka

HEADER = "snapped_at,price,market_cap,total_volume\n"
ROWS = [f"2013-05-{day:02} 00:00:00 UTC,135.5,1500000000.0,0.0\n" for day in range(1, 26)]
ORDER = Order("bitcoin", sha256="abc", name="btc.csv")


@pytest.fixture
def kafka():
    return FakeKafka()


@pytest.fixture
def chain(tmp_path, kafka, monkeypatch):
    monkeypatch.setattr(csv_import, "BATCH_LINES", 10)
    store = open_store(tmp_path / "ledger.db")
    yield Chain((), Ledger(store), kafka, threading.Event())
    store.close()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "abc.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def run(chain, file, order=ORDER):
    told: list[Progress] = []
    return import_csv(chain, order, file, told.append), told


def test_every_line_is_published_and_progress_is_in_bytes(chain, file, kafka):
    outcome, told = run(chain, file)
    assert outcome.message is None
    assert kafka.days() == [(date(2013, 5, day), "csv_coingecko") for day in range(1, 26)]
    size = file.stat().st_size
    assert [(progress.events, progress.total) for progress in told] == [(10, size), (20, size), (25, size), (25, size)]
    assert told[0].done == len(HEADER) + 10 * len(ROWS[0])
    assert told[-1] == Progress(size, size, 25, 0)


def test_the_same_content_again_publishes_nothing(chain, file, kafka):
    run(chain, file)
    kafka.items.clear()
    outcome, told = run(chain, file)
    assert "imported before" in outcome.message
    assert kafka.items == []
    assert told == [Progress(file.stat().st_size, file.stat().st_size, 0, 0)]


def test_the_same_content_for_another_coin_is_another_import(chain, file, kafka):
    run(chain, file)
    run(chain, file, Order("ethereum", sha256="abc", name="btc.csv"))
    assert len(kafka.items) == 50


def test_kafka_gone_in_the_middle_and_the_next_run_goes_on_there(chain, file, kafka):
    kafka.takes = 1
    with pytest.raises(ServiceError):
        run(chain, file)
    kafka.takes = None
    _, told = run(chain, file)
    assert [day for day, _ in kafka.days()] == [date(2013, 5, day) for day in range(1, 26)]
    assert told[-1].events == 15


def test_the_services_end_cuts_an_import(chain, file, kafka):
    chain.stop.set()
    with pytest.raises(StoppedError):
        run(chain, file)
    assert kafka.items == []


def test_a_line_that_cannot_be_read_is_counted_and_told(chain, file, kafka):
    file.write_text(HEADER + ROWS[0] + "2013-05-02 00:00:00 UTC,0,1,1\n" + ROWS[2])
    outcome, told = run(chain, file)
    assert (told[-1].events, told[-1].rejected) == (2, 1)
    assert outcome.message == "lines that could not be read: 1 (silver.rejected_events has them)"
    assert len(kafka.items) == 3


def test_a_file_with_no_row_fails(chain, file):
    file.write_text(HEADER)
    outcome, _ = run(chain, file)
    assert (outcome.message, outcome.failed) == ("the file has no line below its header", True)


def test_a_file_without_a_readable_line_fails_each_time(chain, file):
    file.write_text(HEADER + "yesterday,1,,\n")
    for _ in range(2):
        outcome, _ = run(chain, file)
        assert outcome.failed
        assert "none of the file's lines could be read (1;" in (outcome.message or "")


def test_a_file_that_is_gone(chain, tmp_path):
    with pytest.raises(BadDataError):
        run(chain, tmp_path / "gone.csv")


def test_the_real_file_arrives_whole(chain, kafka, shared_data):
    run(chain, shared_data / "daily" / "coingecko_btc-usd-max_20130428_20260113.csv")
    assert len(kafka.days()) == 4642
    assert kafka.days()[0] == (date(2013, 4, 28), "csv_coingecko")
