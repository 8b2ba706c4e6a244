"""What a start reads of the trades: the saved ids, and the files that the table has gained since; not the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.id_ranges import Run, Runs
from pipeline.settings import load_settings
from pipeline.spark.appending import load_table
from pipeline.spark.jvm import java_array, java_class
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.gold.alert_history import load_detector
from pipeline.stream.silver.trades import known_file
from pipeline.stream.silver.trades.extremes import second_groups
from pipeline.stream.silver.trades.known_file import KnownFile
from pipeline.stream.streams.trades import TradeWriter
from pipeline.tables.gold import ALERTS
from pipeline.tables.silver import FACT_TRADES
from tests.support.trade_tables import Trade, add

DAY = datetime(2026, 8, 25)
BTC = ("coinbase", "BTC-USD")


def trades(first: int, last: int, day: int = 0) -> list[Trade]:
    return [Trade(number, DAY + timedelta(days=day, seconds=number % 80_000)) for number in range(first, last + 1)]


def compact(spark: SparkSession) -> None:
    spark.sql(
        f"CALL iceberg.system.rewrite_data_files(table => '{FACT_TRADES.full_name}', "
        "options => map('min-input-files', '2'))"
    )


def expire(spark: SparkSession) -> None:
    load_table(spark, FACT_TRADES).expireSnapshots().expireOlderThan(1 << 50).retainLast(1).commit()


class Home:
    """A folder for the file, and what its readers find."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.path = folder / known_file.FILE
        self.folder = f"file://{folder}"

    def load(self) -> dict[tuple[str, str], list[Run]]:
        return {product: list(runs) for product, runs in KnownFile(self.spark, self.folder).load()}


@pytest.fixture
def home(lake: SparkSession, tmp_path: Path) -> Home:
    return Home(lake, tmp_path)


@pytest.fixture
def rows_read(lake: SparkSession) -> Callable[[Callable[[], object]], int]:
    """Give a function that counts the rows which an action reads from files."""
    context = lake.sparkContext._jsc.sc()
    no_quantiles = java_array(lake, java_class(lake, "double"))
    of_all_tasks = java_class(lake, "java.util.ArrayList")()

    def by_stage() -> dict[int, int]:  # only the newest stages are kept
        context.listenerBus().waitUntilEmpty()
        stages = context.statusStore().stageList(None, False, False, no_quantiles, of_all_tasks)
        every = (stages.apply(index) for index in range(stages.size()))
        return {int(stage.stageId()): int(stage.inputRecords()) for stage in every}

    def count(action: Callable[[], object]) -> int:
        newest = max(by_stage(), default=-1)
        action()
        return sum(rows for stage, rows in by_stage().items() if stage > newest)

    return count


def test_ids_are_read_with_their_holes(home: Home) -> None:
    assert home.load() == {}
    held = [1, 2, 3, 63, 64, 65, *range(10_000, 10_401), 20_000]
    add(home.spark, [Trade(number, DAY + timedelta(days=number % 3)) for number in held])
    add(home.spark, [Trade(7, DAY, product="ETH-USD")])
    runs = Runs((number, number) for number in held)
    assert home.load() == {BTC: list(runs), ("coinbase", "ETH-USD"): [(7, 7)]}


def test_a_scan_takes_a_few_days_at_a_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_file, "SCAN_ROWS", 25)
    for day in (0, 1, 2, 9):
        add(home.spark, trades(10 * day + 1, 10 * day + 10, day))
    spans = [(part.start - DAY, part.end - DAY) for part in known_file.day_parts(home.spark)]
    assert spans == [(timedelta(0), timedelta(days=2)), (timedelta(days=2), timedelta(days=10))]
    assert home.load() == {BTC: [(1, 30), (91, 100)]}


def test_a_start_reads_only_newer_files(
    home: Home, rows_read: Callable[[Callable[[], object]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home.spark, trades(1, 3000))
    assert rows_read(home.load) >= 3000
    monkeypatch.setattr(known_file, "read_all", lambda _spark: pytest.fail("the whole table is read"))
    assert rows_read(home.load) < 100  # metadata
    add(home.spark, trades(3001, 3200))
    expire(home.spark)
    assert 200 <= rows_read(home.load) < 300
    compact(home.spark)
    expire(home.spark)
    assert rows_read(home.load) < 100
    add(home.spark, trades(3201, 3300))
    compact(home.spark)  # its file holds old rows and new ones
    assert home.load() == {BTC: [(1, 3300)]}


def test_a_file_that_does_not_fit_the_table_is_not_used(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    add(home.spark, trades(1, 50))
    home.load()
    home.path.write_text('{"table": "half a fi')
    assert home.load() == {BTC: [(1, 50)]}
    home.spark.sql(f"DELETE FROM {FACT_TRADES.full_name} WHERE trade_id <= 5")
    assert home.load() == {BTC: [(6, 50)]}
    home.spark.sql(f"DROP TABLE {FACT_TRADES.full_name}")
    home.spark.sql(FACT_TRADES.create_sql())
    add(home.spark, trades(101, 145))
    assert home.load() == {BTC: [(101, 145)]}
    assert len([record for record in caplog.records if "is read" in record.message]) == 4  # with the first


def test_ids_are_saved_once_in_a_while_and_only_as_the_table_has_them(home: Home) -> None:
    seconds = [0.0]
    file = KnownFile(home.spark, home.folder, lambda: seconds[0])
    known = file.load()
    for number, at, saved in ((1, 0.0, 1), (2, known_file.SAVE_S / 2, 1), (3, known_file.SAVE_S, 3)):
        add(home.spark, trades(number, number))
        known.add(BTC, [(number, number)])
        seconds[0] = at
        file.save_if_due(known)
        assert known_file.from_json(home.path.read_text())[0].total == saved
    known.add(BTC, [(9, 9)])  # which is not in the table
    file.save(known)
    assert home.load() == {BTC: [(1, 3)]}


def test_a_save_that_fails_is_a_warning(home: Home, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    add(home.spark, trades(1, 2))
    (tmp_path / "file").touch()
    assert KnownFile(home.spark, f"file://{tmp_path}/file").load().total == 2
    assert "was not saved" in caplog.text


def test_a_writer_reads_nothing_before_its_first_batch(lake: SparkSession, tmp_path: Path) -> None:
    settings = load_settings({})
    settings = replace(settings, lake=replace(settings.lake, hdfs_uri=f"file://{tmp_path}"))
    for table in (FACT_TRADES, ALERTS):
        lake.sql(f"DROP TABLE {table.full_name}")
    TradeWriter(lake, settings, QueryCheckpoint("checkpoint"), None, lambda _minutes: None).close()  # type: ignore[arg-type]


def test_the_detector_reads_the_newest_day_alone(home: Home, rows_read: Callable[[Callable[[], object]], int]) -> None:
    for day in range(4):
        add(home.spark, trades(1, 1000, day))
    settings = load_settings({})
    assert rows_read(lambda: load_detector(home.spark, settings)) <= 1100


def test_extremes_have_the_time_at_which_they_were_first_paid(home: Home) -> None:
    times = [DAY + timedelta(milliseconds=ms) for ms in (500, 100, 900, 300)]
    for number, (time, price) in enumerate(zip(times, ("3", "3", "4", "4"), strict=True)):
        add(home.spark, [Trade(number + 1, time, price)])
    (row,) = second_groups(home.spark.table(FACT_TRADES.full_name)).collect()
    assert (row["low"], row["low_time"], row["high"], row["high_time"]) == (3, times[1], 4, times[3])
