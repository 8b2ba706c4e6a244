"""Removing a source's prices: the Spark job does it, for it alone writes the tables.

A request is a folder in HDFS, `SOURCE@COIN` (no coin means all), made by `remove_source.sh`; it is deleted when no
table has the rows any more. Whatever step a crash cuts, the next run does all of them again: the years concerned are
written into the request before anything is removed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable

from pyspark.sql import SparkSession

from pipeline.serving.coin_data import CoinDataPublisher
from pipeline.serving.requests import REQUEST
from pipeline.settings import Settings
from pipeline.spark import hdfs
from pipeline.tables.silver import COIN_PRICES

log = logging.getLogger(__name__)

YEARS = "years.json"


class SourceRemover:
    """Works the requests off; must run in the publisher's thread, for both write the published table."""

    def __init__(
        self, spark: SparkSession, settings: Settings, publisher: CoinDataPublisher, rebuild_gold: Callable[[], object]
    ) -> None:
        """Call `rebuild_gold` for what is computed from silver."""
        self._spark = spark
        self._folder = settings.lake.removal_requests
        self._publisher = publisher
        self._rebuild_gold = rebuild_gold

    def run(self) -> int:
        """Do what is requested and return how many requests that was."""
        names = hdfs.list_names(self._spark, self._folder)
        requests = [found for found in map(REQUEST.fullmatch, names) if found]
        for request in requests:
            self._remove(f"{self._folder}/{request[0]}", _condition(request["source"], request["coin"]))
            log.info("removed the prices of %s (%s)", request["source"], request["coin"] or "all coins")
        return len(requests)

    def _remove(self, request: str, condition: str) -> None:
        years = self._years(request, condition)
        if years:
            # Rows that the stream appends meanwhile stay; where one commit meets another, this one is tried again.
            self._spark.sql(f"DELETE FROM {COIN_PRICES.full_name} WHERE {condition}")  # noqa: S608 - checked words
            self._publisher.rewrite(years)
            self._rebuild_gold()
        hdfs.delete(self._spark, request)

    def _years(self, request: str, condition: str) -> list[str]:
        """Return the years that hold such rows, as the first attempt found them."""
        file = f"{request}/{YEARS}"
        noted = hdfs.read_text(self._spark, file)
        if noted is not None:
            return [str(year) for year in json.loads(noted)]
        rows = self._spark.table(COIN_PRICES.full_name).where(condition)
        years = sorted(str(row["year"]) for row in rows.selectExpr("year(event_time) AS year").distinct().collect())
        hdfs.replace_text(self._spark, file, json.dumps(years))
        return years


def _condition(source: str, coin: str) -> str:
    parts: Iterable[str] = (f"source = '{source}'", *([f"coin = '{coin}'"] if coin else []))
    return " AND ".join(parts)
