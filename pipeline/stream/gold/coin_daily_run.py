"""Keeping gold.coin_daily up to silver.coin_prices: only days that got prices are computed again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.markets import SIMULATOR
from pipeline.spark.local_rows import local_rows
from pipeline.spark.planning import set_compiled
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.spark.time_ranges import MINUTE, TimeRange, few, merged, within
from pipeline.stream.gold.coin_daily import (
    ENOUGH_REAL_DAYS,
    LATE_MINUTES,
    is_simulated,
    to_coin_daily,
    to_day_counts,
    with_days,
    with_held_at,
)
from pipeline.stream.gold.coin_gold_progress import DailyProgress, PriceMark, mark_of
from pipeline.stream.gold.yearly_files import in_years, replace_all, replace_in_years
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.silver import COIN_PRICES

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
MANY = 1_000
"""From so many touched days on, as when a coin's history comes, computing all days is quicker than picking them."""
MANY_PRICES = 100_000
"""From so many prices on all days are computed by compiled code: for fewer, compiling takes longer."""
VALUES = [name for name in COIN_DAILY.column_names if name != "revision"]


@dataclass(frozen=True)
class PriceNews:
    """Prices that are not in the table yet: the days that they hold in, and the mark that is reached with them."""

    touched: tuple[tuple[str, date], ...]
    mark: PriceMark | None


class CoinDaily:
    """Computes what silver has gained; one of it, called by one thread at a time."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._progress: DailyProgress | None = None
        self._real: set[str] = set()  # coins with so many days of real prices that no price to come can change it

    def run(self) -> DailyProgress:
        """Bring the table up to silver and return how far it is; a crash before or after changes nothing."""
        progress = self.progress()
        self._progress = None  # if this fails, perhaps after its commit, the table has to say how far it is
        news = self._news(progress)
        if news is None:
            return self._rebuild(progress)
        simulated = {**progress.simulated, **self._simulated({coin for coin, _ in news.touched})}
        if any(simulated[coin] != was for coin, was in progress.simulated.items()):
            return self._rebuild(progress)
        reached = replace(progress, mark=news.mark, simulated=simulated)
        self._progress = self._update(reached, news.touched) if news.touched else reached
        return self._progress

    def rebuild(self) -> DailyProgress:
        """Compute all days, for when prices were removed."""
        progress = self.progress()
        self._real.clear()
        return self._rebuild(progress)

    def progress(self) -> DailyProgress:
        """Return how far the table is."""
        if self._progress is None:
            self._progress = DailyProgress.from_json(read_progress(self._spark, COIN_DAILY))
        return self._progress

    def _news(self, progress: DailyProgress) -> PriceNews | None:
        """Return what is new; None where it is so much that all days are computed."""
        if progress.mark is None:
            return None if self._prices().head() else PriceNews((), None)
        new = self._prices().where(progress.mark.is_new())
        mark = mark_of(new)
        if mark is None:
            return PriceNews((), progress.mark)
        rows = new.transform(with_held_at).transform(with_days).select("coin", "day").distinct().limit(MANY).collect()
        if len(rows) == MANY:
            return None
        touched = tuple(sorted((row["coin"], row["day"]) for row in rows))
        return PriceNews(touched, progress.mark.advanced(mark))

    def _update(self, reached: DailyProgress, touched: Collection[tuple[str, date]]) -> DailyProgress:
        set_compiled(self._spark, False)
        following = replace(reached, revision=reached.revision + 1)
        days = local_rows(self._spark, touched, "coin string, day date")
        prices = self._prices().where(F.col("coin").isin(sorted({coin for coin, _ in touched})))
        prices = prices.where(within("event_time", stamps({day for _, day in touched})))
        fresh = to_coin_daily(prices, following.simulated_coins, following.revision)
        fresh = fresh.join(F.broadcast(days), on=["coin", "day"], how="left_semi")
        known = self._spark.table(COIN_DAILY.full_name).where(in_years({day.year for _, day in touched}))
        changed = fresh.join(known.select(*VALUES), on=VALUES, how="left_anti").localCheckpoint()
        years = {row["year"] for row in changed.select(F.year("day").alias("year")).distinct().collect()}
        if not years:
            return reached
        replace_in_years(changed, COIN_DAILY, years, {PROGRESS: following.to_json()})
        return following

    def _rebuild(self, progress: DailyProgress) -> DailyProgress:
        prices = self._prices()
        set_compiled(self._spark, prices.count() > MANY_PRICES)
        mark = mark_of(prices)
        revision = progress.revision + 1
        simulated = self._simulated({row["coin"] for row in prices.select("coin").distinct().collect()})
        reached = DailyProgress(revision, revision, mark, simulated)
        self._progress = None
        replace_all(to_coin_daily(prices, reached.simulated_coins, revision), COIN_DAILY, {PROGRESS: reached.to_json()})
        self._progress = reached
        log.info("%s: computed all days of %d coins", COIN_DAILY.full_name, len(simulated))
        return reached

    def _simulated(self, coins: Collection[str]) -> dict[str, bool]:
        """Return of each coin whether its simulated prices count."""
        asked = sorted(set(coins) - self._real)
        if not asked:
            return dict.fromkeys(coins, False)
        # A file with prices of the simulator alone is not read for the first, by its bounds.
        real = self._days(asked, (F.col("source") < SIMULATOR) | (F.col("source") > SIMULATOR))
        few = [coin for coin in asked if 0 < real.get(coin, 0) < ENOUGH_REAL_DAYS]
        simulated = self._days(few, F.col("source") == SIMULATOR) if few else {}
        self._real.update(coin for coin, days in real.items() if days >= ENOUGH_REAL_DAYS)
        return {coin: self._is_simulated(coin, real, simulated) for coin in coins}

    def _is_simulated(self, coin: str, real: Mapping[str, int], simulated: Mapping[str, int]) -> bool:
        if coin in self._real:
            return False
        return coin not in real or is_simulated(real[coin], simulated.get(coin, 0))

    def _days(self, coins: list[str], source: Column) -> dict[str, int]:
        rows = to_day_counts(self._prices().where(F.col("coin").isin(coins) & source)).collect()
        return {row["coin"]: row["days"] for row in rows}

    def _prices(self) -> DataFrame:
        return self._spark.table(COIN_PRICES.full_name)


def stamps(days: Collection[date]) -> tuple[TimeRange, ...]:
    """Return ranges of time stamps that hold all prices of these days, their two midnights included."""
    starts = [datetime(day.year, day.month, day.day) for day in days]  # noqa: DTZ001 - naive, UTC, as Spark's are
    return few(merged(TimeRange(start - DAY, start + DAY + LATE_MINUTES * MINUTE) for start in starts))
