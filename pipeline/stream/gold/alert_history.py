"""What the tables hold of prices and alerts: a detector's memory at the start, and the stretches that it forgot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.settings import Settings
from pipeline.spark.local_rows import local_rows
from pipeline.spark.time_ranges import TimeRange, few, merged, moment, within
from pipeline.stream.gold.move_detector import MoveDetector, Raised
from pipeline.stream.gold.stretches import Stretch
from pipeline.stream.silver.trades.extremes import Extremes, second_groups, to_extremes
from pipeline.tables.gold import ALERTS
from pipeline.tables.model import Table
from pipeline.tables.silver import FACT_TRADES

SECOND = timedelta(seconds=1)
ALERT_KEY = ("source", "product_id", "alert_type", "triggered_at")
STRETCHES = "source string, product_id string, begins timestamp_ntz, ends timestamp_ntz"


class TableHistory:
    """Reads seconds and alerts from the tables; Iceberg skips the files of other times."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def extremes(self, stretches: Collection[Stretch]) -> Iterable[Extremes]:
        """Return the seconds of some products' stretches."""
        ranges = _ranges(stretches)
        wanted = [(*part.product, part.start, part.end + SECOND) for part in stretches]
        frame = F.broadcast(local_rows(self._spark, wanted, STRETCHES))
        trades = (
            self._table(FACT_TRADES)
            .where(within("trade_time", ranges))
            .join(frame, on=["source", "product_id"])
            .where("trade_time >= begins AND trade_time < ends")
        )
        return _seconds(trades)

    def alerts(self, stretches: Collection[Stretch]) -> Iterable[Raised]:
        """Return the alerts triggered within the stretches, and those of other products at these times."""
        return _raised(self._table(ALERTS).where(within("triggered_at", _ranges(stretches))))

    def newest(self) -> datetime | None:
        """Return the newest trade_time (naive, UTC), read from the table's metadata; None in an empty table."""
        newest: datetime | None = self._table(FACT_TRADES).agg(F.max("trade_time")).collect()[0][0]
        return newest

    def extremes_since(self, start: datetime) -> Iterable[Extremes]:
        """Return all products' seconds from a moment on."""
        return _seconds(self._table(FACT_TRADES).where(F.col("trade_time") >= moment(start)))

    def alerts_since(self, start: datetime) -> Iterable[Raised]:
        """Return all products' alerts from a moment on."""
        return _raised(self._table(ALERTS).where(F.col("triggered_at") >= moment(start)))

    def _table(self, table: Table) -> DataFrame:
        """Return the table as it is now: a DataFrame keeps the snapshot that it was made on."""
        return self._spark.table(table.full_name)


def load_detector(spark: SparkSession, settings: Settings) -> MoveDetector:
    """Return a detector that remembers the newest seconds and alerts; a start reads these only."""
    history = TableHistory(spark)
    empty = MoveDetector(settings.alerts.rules, settings.alerts.cooldown_s, history)
    newest = history.newest()
    if newest is None or not settings.alerts.rules:
        return empty
    since = newest.replace(microsecond=0) - empty.reach
    detector = MoveDetector(settings.alerts.rules, settings.alerts.cooldown_s, history, since)
    alerts = history.alerts_since(since - timedelta(seconds=settings.alerts.cooldown_s))
    detector.remember(history.extremes_since(since), alerts)
    return detector


def _ranges(stretches: Collection[Stretch]) -> tuple[TimeRange, ...]:
    return few(merged(TimeRange(part.start, part.end + SECOND) for part in stretches))


def _seconds(trades: DataFrame) -> Iterator[Extremes]:
    return (to_extremes(row) for row in second_groups(trades).collect())


def _raised(alerts: DataFrame) -> Iterator[Raised]:
    return (
        (row["source"], row["product_id"], row["alert_type"], row["triggered_at"])
        for row in alerts.select(*ALERT_KEY).collect()
    )
