"""When which months are published: the past at once, the live month for its share of the time, none forgotten."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import SparkSession

from pipeline import settings as settings_module
from pipeline.serving import coin_data
from pipeline.stream import housekeeping
from pipeline.stream.housekeeping import PUBLISH_REST_S, PUBLISH_SHARE, Housekeeping, live_month
from tests.support.clock import FakeClock

WORK_S = 2.0


class Lake:
    """Stands for Spark and the metastore: notes what is published; each publishing takes two seconds."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.published: list[set[str]] = []
        self.stale: frozenset[str] = frozenset()
        self.is_registered = True
        self.is_broken = False

    def publish(self, *arguments: object) -> int:
        if self.is_broken:
            raise OSError("HDFS is away")
        self.clock.sleep(WORK_S)
        self.published.append(set(cast("frozenset[str]", arguments[-1])))
        return 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lake(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Lake:
    lake = Lake(clock)
    partitions = SimpleNamespace(table_exists=lambda: lake.is_registered)
    monkeypatch.setattr(housekeeping, "HivePartitions", lambda *_: partitions)
    monkeypatch.setattr(coin_data, "run", lake.publish)
    monkeypatch.setattr(coin_data, "stale_months", lambda *_: lake.stale)
    monkeypatch.setattr("pipeline.stream.housekeeping.time.monotonic", lambda: 1000 + clock.time())
    return lake


@pytest.fixture
def keeper(lake: Lake, tmp_path: Path) -> Housekeeping:
    settings = settings_module.load({"COINLAKE_HOME": str(tmp_path)})
    return Housekeeping(cast("SparkSession", SimpleNamespace()), settings, threading.Event())


def test_what_a_former_process_left_is_published(keeper: Housekeeping, lake: Lake) -> None:
    lake.stale = frozenset({"2013-04"})
    keeper.publish_if_due()
    assert lake.published == [{"2013-04"}]


def test_nothing_is_published_before_the_table_is_registered(keeper: Housekeeping, lake: Lake) -> None:
    lake.is_registered = False
    keeper.note_months(frozenset({"2013-04"}))
    keeper.publish_if_due()
    assert lake.published == []
    lake.is_registered = True
    keeper.publish_if_due()
    assert lake.published == [{"2013-04"}]


def test_the_live_month_rests_while_history_goes_on(keeper: Housekeeping, lake: Lake, clock: FakeClock) -> None:
    live = live_month()
    keeper.note_months(frozenset({live}))
    keeper.publish_if_due()
    clock.sleep(PUBLISH_REST_S)
    keeper.note_months(frozenset({live, "2013-04"}))
    keeper.publish_if_due()
    assert lake.published == [{live}, {"2013-04"}]
    clock.sleep(PUBLISH_SHARE * WORK_S)
    keeper.publish_if_due()
    assert lake.published[-1] == {live}


def test_a_publishing_that_failed_is_done_again(keeper: Housekeeping, lake: Lake) -> None:
    keeper.note_months(frozenset({"2013-04"}))
    lake.is_broken = True
    with pytest.raises(OSError, match="HDFS is away"):
        keeper.publish_if_due()
    lake.is_broken = False
    keeper.publish_if_due()
    assert lake.published == [{"2013-04"}]


def test_an_idle_lake_publishes_nothing(keeper: Housekeeping, lake: Lake) -> None:
    keeper.publish_if_due()
    keeper.publish_if_due()
    assert lake.published == []
