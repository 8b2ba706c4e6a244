"""The producer's thread: its interval, its end, and fetches that fail."""

from __future__ import annotations

import logging
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from analysis.bitcoin_utils import start_file_producer
from analysis.pyspark_api import file_producer
from analysis.pyspark_api.market import Record
from pipeline.errors import RetryableSourceError, UnusableInputError
from tests.support.market import Market, reply
from tests.support.sources import coingecko

RECORD: Record = {"coin": "bitcoin", "timestamp": "2026-01-15T00:00:00Z", "price_usd": 1.5, "source": "coingecko"}
PATIENCE_S = 60


def fetch() -> list[Record]:
    return [RECORD]


def history(folder: Path) -> list[str]:
    """Return the history's lines without their times."""
    return [line.split(" ", 1)[1] for line in (folder / "_history.log").read_text(encoding="utf-8").splitlines()]


def test_it_writes_until_it_is_stopped(tmp_path: Path) -> None:
    with start_file_producer(tmp_path / "in", interval_s=0.01, fetch=fetch) as producer:
        assert producer.wait_for_files(3, PATIENCE_S)
        assert producer.is_running
    written = producer.stop()
    files = sorted(path.name for path in (tmp_path / "in").glob("*.json"))
    assert not producer.is_running
    assert written == producer.files_written == len(files) >= 3
    assert history(tmp_path / "in") == [f"wrote {name}, records: 1" for name in files]
    assert f"stopped, {written} written, 0 failed" in repr(producer)


def test_a_failed_fetch_is_logged_and_the_next_interval_tries_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[list[Record] | Exception] = [
        RetryableSourceError("coingecko", "no answer\nin time"),
        KeyError("oops"),
        [RECORD],
    ]

    def failing() -> list[Record]:
        answer = answers.pop(0) if answers else [RECORD]
        if isinstance(answer, Exception):
            raise answer
        return answer

    with caplog.at_level(logging.WARNING), start_file_producer(tmp_path, interval_s=0.01, fetch=failing) as producer:
        assert producer.wait_for_files(1, PATIENCE_S)
    assert producer.failed_fetches == 2
    assert history(tmp_path)[:2] == ["failed: coingecko: no answer in time", "failed: 'oops'"]
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]  # a traceback for the unexpected one


def test_a_stop_does_not_wait_for_the_interval(tmp_path: Path) -> None:
    producer = start_file_producer(tmp_path, interval_s=3600, fetch=fetch)
    assert producer.wait_for_files(1, PATIENCE_S)
    begun = time.monotonic()
    assert producer.stop() == producer.stop() == 1
    assert time.monotonic() - begun < PATIENCE_S


def test_the_interval_counts_from_start_to_start(tmp_path: Path) -> None:
    begun: list[float] = []

    def slow() -> list[Record]:
        begun.append(time.monotonic())
        time.sleep(0.5)
        return [RECORD]

    with start_file_producer(tmp_path, interval_s=1, fetch=slow) as producer:
        assert producer.wait_for_files(4, PATIENCE_S)
    intervals = [later - earlier for earlier, later in pairwise(begun)]
    assert 0.99 <= min(intervals) < 1.45


def test_a_second_producer_on_a_folder_stops_the_first(tmp_path: Path) -> None:
    first = start_file_producer(tmp_path / "a", interval_s=3600, fetch=fetch)
    with start_file_producer(tmp_path / "b" / ".." / "a", interval_s=3600, fetch=fetch) as second:
        assert (first.is_running, second.is_running) == (False, True)
        with start_file_producer(tmp_path / "b", interval_s=3600, fetch=fetch):
            assert second.is_running


def test_without_a_fetch_it_asks_the_configured_market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(lambda _request: reply({"bitcoin": {"usd": 2, "last_updated_at": 1768435200}}))
    asked, closed = coingecko(market), threading.Event()
    monkeypatch.setattr(asked, "close", closed.set)
    monkeypatch.setattr(file_producer, "configured_market", lambda: asked)
    with start_file_producer(tmp_path, interval_s=3600) as producer:
        assert producer.wait_for_files(1, PATIENCE_S)
    [path] = tmp_path.glob("*.json")
    assert '"price_usd": 2.0, "source": "coingecko"' in path.read_text(encoding="utf-8")
    assert closed.is_set()


@pytest.mark.parametrize(("interval_s", "keep_files"), [(0, 1), (-1, 1), (1, 0)])
def test_impossible_options_are_refused(tmp_path: Path, interval_s: float, keep_files: int) -> None:
    with pytest.raises(UnusableInputError, match=f"interval_s={interval_s}.*keep_files={keep_files}"):
        start_file_producer(tmp_path, interval_s=interval_s, fetch=fetch, keep_files=keep_files)
