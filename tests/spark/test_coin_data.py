"""Publishing silver as a plain Hive table: every row once, whatever was cut short before."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.serving import coin_data
from pipeline.serving.hive_partitions import Partition
from pipeline.spark.appending import load_table
from pipeline.spark.maintenance import merge_manifests
from pipeline.tables.silver import COIN_PRICES
from tests.support.published import Published, add, silver


@pytest.fixture
def published(lake: SparkSession, tmp_path: Path) -> Published:
    return Published(lake, tmp_path)


def test_new_rows_are_added_and_nothing_is_written_twice(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2025, 12, 31, 23, 58), 4)
    assert published.publisher.run() == 4
    location = published.partitions.partitions["2026"].location
    assert published.publisher.run() == 0
    add(lake, datetime(2026, 3, 1), 3, "solana")
    assert published.publisher.run() == 3
    assert published.partitions.partitions["2026"] == Partition("2026", location, 5)
    assert published.files("2026") == 2
    assert published.rows() == silver(lake)


def test_several_batches_and_merged_manifests_between_two_runs(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    for day in range(2, 14):
        add(lake, datetime(2026, 1, day), 2)
    merge_manifests(lake, load_table(lake, COIN_PRICES))
    assert published.publisher.run() == 24
    assert published.rows() == silver(lake)


def test_rows_are_there_once_after_a_metastore_that_was_away(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    add(lake, datetime(2026, 1, 2), 3)
    published.partitions.fail = True
    with pytest.raises(ConnectionError):
        published.publisher.run()
    assert published.rows() == silver(lake)  # the file was moved in before the metastore was told
    published.publisher.run()
    assert published.rows() == silver(lake)
    assert published.partitions.partitions["2026"].rows == 5


def test_a_new_process_compares_and_goes_on(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2024, 1, 1), 2)
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    unchanged = published.partitions.partitions["2024"]
    add(lake, datetime(2026, 1, 2), 3)
    published.restart()
    assert published.publisher.run() == 5, "the year that differs is rewritten"
    assert published.partitions.partitions["2024"] == unchanged
    assert published.rows() == silver(lake)


def test_a_year_of_many_files_is_written_anew(
    lake: SparkSession, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coin_data, "MAX_FILES", 2)
    for day in range(1, 4):
        add(lake, datetime(2026, 1, day), 2)
        published.publisher.run()
    assert published.files("2026") == 1
    assert published.rows() == silver(lake)


def test_a_snapshot_that_is_gone_leads_to_a_comparison(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    for day in range(2, 6):
        add(lake, datetime(2026, 1, day), 2)
    table = load_table(lake, COIN_PRICES)
    table.expireSnapshots().retainLast(1).expireOlderThan(int(time.time() * 1000) + 1000).commit()
    assert published.publisher.run() == 10
    assert published.rows() == silver(lake)


def test_a_reader_of_a_superseded_folder_has_15_minutes(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    planned = published.partitions.partitions["2026"].location.removeprefix("file:")
    published.clock.sleep(3600)  # the folder has been in use for an hour
    published.publisher.drop_old_folders()
    published.restart()
    add(lake, datetime(2026, 1, 2), 2)
    published.publisher.run()
    for _ in range(3):
        assert published.publisher.drop_old_folders() == []
        published.clock.sleep(299)
    assert list(Path(planned).glob("*.parquet"))
    published.clock.sleep(4)
    assert len(published.publisher.drop_old_folders()) == 1
    assert not Path(planned).exists()
    assert published.rows() == silver(lake)


def test_a_restart_gives_readers_their_time_again(lake: SparkSession, published: Published) -> None:
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    published.restart()
    add(lake, datetime(2026, 1, 2), 2)
    published.publisher.run()
    published.publisher.drop_old_folders()
    published.clock.sleep(899)
    published.restart()
    assert published.publisher.drop_old_folders() == []
    published.clock.sleep(899)
    assert published.publisher.drop_old_folders() == []
    published.clock.sleep(1)
    assert len(published.publisher.drop_old_folders()) == 1


def test_a_folder_that_is_being_written_stays(
    lake: SparkSession, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files = coin_data.write_files

    def write_slowly(rows: DataFrame, folder: str) -> None:
        write_files(rows, folder)
        for _ in range(2):
            assert published.publisher.drop_old_folders() == []
            published.clock.sleep(901)

    monkeypatch.setattr(coin_data, "write_files", write_slowly)
    add(lake, datetime(2026, 1, 1), 2)
    published.publisher.run()
    assert published.publisher.drop_old_folders() == []
    assert published.rows() == silver(lake)
