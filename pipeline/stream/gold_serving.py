"""Gold's minute candles, what they sum up to, and their copies in PostgreSQL and the bucket: the thread `serving`.

The copies follow gold: as soon as a run has written rows, what they lack is read from Iceberg. Each is a chore of its
own, so that one whose server is away is retried by itself and delays no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pyspark.sql import SparkSession

from pipeline.serving.gold_bucket import GoldBucket
from pipeline.serving.gold_postgres import GoldPostgres
from pipeline.serving.gold_rows import GoldRows
from pipeline.serving.raw_bucket import RawBucket
from pipeline.settings import Settings
from pipeline.stream.chores import Chore
from pipeline.stream.gold.bitcoin_gold_run import BitcoinGold
from pipeline.stream.gold.coin_gold import CoinGold
from pipeline.stream.gold.forecasts import ForecastIntake
from pipeline.stream.gold.price_stats_hourly_daily import HourlyDailyStats
from pipeline.stream.ops.candle_differences import CandleCheck
from pipeline.stream.step_requests import REQUESTS_S, Step, StepRequests
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.gold import BITCOIN_GOLD, HOURLY_DAILY_STATS

log = logging.getLogger(__name__)

COMPUTE_S = 60.0
RESTING_S = 600.0  # of gold where nothing follows it
FOLLOW_S = 2.0  # a look at a number in memory
LOOK_S = 600.0  # at a copy although gold has not changed: its server may be another one
RAW_S = 900.0  # an object a time and day: 96 a day, and 100,000 records at most in each
STATS_S = 300.0
CHECK_S = 3600.0


class Follower:
    """Brings a copy up to gold after each change of it, and sometimes without one."""

    def __init__(
        self,
        name: str,
        version: Callable[[], int],
        sync: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._version = version
        self._sync = sync
        self._clock = clock
        self._synced: int | None = None
        self._look_at = clock()

    def run(self) -> None:
        """Copy what is new, if there can be anything."""
        version = self._version()
        if version == self._synced and self._clock() < self._look_at:
            return
        self.sync()
        self._synced, self._look_at = version, self._clock() + LOOK_S

    def sync(self) -> int:
        """Copy what is new, and return how much that was."""
        started = time.monotonic()
        if count := self._sync():
            log.info("%s: %d in %.1f s", self.name, count, time.monotonic() - started)
        return count


class GoldServing:
    """Gold and what follows it; all of it is done by one thread."""

    def __init__(self, spark: SparkSession, settings: Settings, coin_gold: CoinGold) -> None:
        """Requests are also for `coin_gold`, which another thread keeps up to date."""
        self._gold = BitcoinGold(spark)
        self._stats = HourlyDailyStats(spark)
        self._coin_gold = coin_gold
        self._check = CandleCheck(spark)
        self._forecasts = ForecastIntake(spark, settings.lake.forecast_requests)
        self._version = 0
        self._followers: list[Follower] = []
        self._raw: RawBucket | None = None
        self._settings = settings
        if settings.serving.enabled:
            postgres, bucket = GoldPostgres(settings.serving.postgres), GoldBucket(settings.serving.bucket)
            self._followers = [
                Follower("rows copied to PostgreSQL", self.version, lambda: postgres.sync(GoldRows(spark))),
                Follower("days copied to the bucket", self.version, lambda: bucket.sync(GoldRows(spark))),
            ]
            self._raw = RawBucket(spark, settings.serving.bucket)
        self._requests = StepRequests(spark, settings.lake.gold_requests, self.steps())

    def version(self) -> int:
        """Return a number that grows whenever gold changes."""
        return self._version

    def compute(self) -> int:
        """Bring gold up to its inputs, in as many runs as it takes; return the number of rows written."""
        total = 0
        while True:
            if rows := self._gold.run():
                self._version += 1
                total += rows
            if self._gold.is_done:
                return total

    def chores(self) -> list[Chore]:
        """Return what is to be done again and again."""
        rest = 0.0 if self._settings.serving.enabled else RESTING_S
        return [
            Chore(f"compute {BITCOIN_GOLD.full_name}", COMPUTE_S, self.compute, rest),
            *(Chore(follower.name, FOLLOW_S, follower.run) for follower in self._followers),
            Chore(f"compute {HOURLY_DAILY_STATS.full_name}", STATS_S, self._stats.run, RESTING_S),
            *([Chore("copy raw candles to the bucket", RAW_S, self._raw.sync)] if self._raw else []),
            Chore("compare candles with the exchange's", CHECK_S, self._check.run),
            Chore("store evaluated forecasts", REQUESTS_S, self._forecasts.run),
            Chore("answer requests for gold", REQUESTS_S, self._requests.run),
        ]

    def steps(self) -> list[Step]:
        """Return all that a request is for, in order."""
        raw = [Step("records copied to the bucket", self._raw.sync)] if self._raw else []
        return [
            Step(f"days of {COIN_DAILY.full_name} computed", self._coin_gold.run),
            Step(f"rows of {BITCOIN_GOLD.full_name} computed", self.compute),
            Step(f"rows of {HOURLY_DAILY_STATS.full_name} computed", self._stats.run),
            *(Step(follower.name, follower.sync) for follower in self._followers),
            *raw,
            Step("differences from the exchange's candles", self._check.run),
        ]
