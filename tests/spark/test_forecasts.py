"""Evaluated forecasts in gold: each run once, whatever step a crash cuts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.serving.requests import FAULT, READY
from pipeline.stream.gold import forecasts as module
from pipeline.stream.gold.forecasts import ForecastIntake
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from tests.support.evaluations import RUN, evaluation


def hand_in(folder: Path, run: str = RUN, *, ready: bool = True, without: str = "nothing") -> Path:
    """Put a run's files into its folder."""
    (folder / run).mkdir(parents=True)
    for table in (FORECASTS, FORECAST_SCORES):
        evaluation(table, run).drop(columns=without, errors="ignore").to_parquet(folder / run / f"{table.name}.parquet")
    if ready:
        (folder / run / READY).touch()
    return folder / run


def counts(spark: SparkSession) -> list[int]:
    return [spark.table(table.full_name).count() for table in (FORECASTS, FORECAST_SCORES)]


def intake(spark: SparkSession, folder: Path) -> ForecastIntake:
    return ForecastIntake(spark, f"file://{folder}")


def test_a_run_is_stored_when_it_is_complete(lake: SparkSession, tmp_path: Path) -> None:
    handed = hand_in(tmp_path, ready=False)
    assert intake(lake, tmp_path).run() == 0
    (handed / READY).touch()
    assert intake(lake, tmp_path).run() == 1
    assert counts(lake) == [2, 2]
    assert not handed.exists()
    row = lake.table(FORECASTS.full_name).where("model = 'naive'").collect()[0]
    assert (row["origin"], row["horizon"], row["value"]) == (date(2026, 1, 5), 3, 0.5)
    assert row["created_at"] == datetime(2026, 1, 5, 12)


@pytest.mark.parametrize("stored", [0, 1, 2])
def test_a_crash_between_the_tables_leaves_each_run_once(
    lake: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: int
) -> None:
    hand_in(tmp_path)
    append, done = module.append, []

    def crash(*arguments: object) -> None:
        if len(done) == stored:
            raise ConnectionError("gone")
        append(*arguments)
        done.append(arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "append", crash)
        patch.setattr(module.hdfs, "delete", crash)
        with pytest.raises(ConnectionError):
            intake(lake, tmp_path).run()
    assert intake(lake, tmp_path).run() == 1
    assert counts(lake) == [2, 2]


def test_what_cannot_be_stored_says_why_and_is_not_retried(lake: SparkSession, tmp_path: Path) -> None:
    handed = hand_in(tmp_path, without="verdict")
    good = hand_in(tmp_path, "b" * 32)
    assert intake(lake, tmp_path).run() == 1
    assert "verdict" in (handed / FAULT).read_text()
    assert (counts(lake), good.exists(), handed.exists()) == ([2, 2], False, True)
    assert intake(lake, tmp_path).run() == 0


def test_nothing_waits(lake: SparkSession, tmp_path: Path) -> None:
    assert intake(lake, tmp_path / "no folder").run() == 0
