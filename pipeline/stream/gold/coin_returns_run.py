"""Keeping gold.coin_returns up to gold.coin_daily: a changed day concerns its own row and all later ones."""

from __future__ import annotations

import json
from datetime import date
from functools import reduce

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.planning import set_compiled
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.stream.gold.coin_gold_progress import DailyProgress
from pipeline.stream.gold.coin_returns import to_coin_returns
from pipeline.stream.gold.yearly_files import replace_all, replace_in_years
from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS

MANY_DAYS = 20_000
"""From so many days on a run is compiled: for fewer, compiling takes longer."""


class CoinReturns:
    """Computes what the daily prices have gained; one of it, called by one thread at a time."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._reached: int | None = None

    def run(self, daily: DailyProgress) -> None:
        """Bring the table up to the daily prices, which are at `daily`."""
        reached = self._read_reached() if self._reached is None else self._reached
        if reached == daily.revision:
            self._reached = reached
            return
        self._reached = None  # if this fails, perhaps after its commit, the table has to say how far it is
        mark = {PROGRESS: json.dumps(daily.revision)}
        if reached < daily.rebuilt:
            days = self._spark.table(COIN_DAILY.full_name)
            set_compiled(self._spark, days.count() > MANY_DAYS)
            replace_all(to_coin_returns(days, daily.revision), COIN_RETURNS, mark)
        else:
            self._update(reached, daily.revision, mark)
        self._reached = daily.revision

    def _update(self, reached: int, revision: int, mark: dict[str, str]) -> None:
        daily = self._spark.table(COIN_DAILY.full_name)
        changed = daily.where(F.col("revision") > reached).groupBy("coin").agg(F.min("day").alias("day"))
        first = {row["coin"]: row["day"] for row in changed.collect()}
        newest = daily.agg(F.max("day")).collect()[0][0]
        set_compiled(self._spark, False)
        rows = to_coin_returns(daily.where(F.col("coin").isin(sorted(first))), revision)
        fresh = rows.where(_from(first)).localCheckpoint()
        years = range(min(first.values()).year, newest.year + 1)
        replace_in_years(fresh, COIN_RETURNS, years, mark)

    def _read_reached(self) -> int:
        text = read_progress(self._spark, COIN_RETURNS)
        return 0 if text is None else int(json.loads(text))


def _from(first: dict[str, date]) -> Column:
    """Match each coin's rows from its first changed day on."""
    days = {day: sorted(coin for coin, at in first.items() if at == day) for day in set(first.values())}
    return reduce(Column.__or__, (F.col("coin").isin(coins) & (F.col("day") >= day) for day, coins in days.items()))
