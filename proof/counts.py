"""How many rows and keys of what was made a table holds, as Presto says."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.tables.hive import COIN_DATA
from pipeline.tables.silver import COIN_PRICES, FACT_TRADES
from proof.lake import Lake
from proof.load import Load, Made


@dataclass(frozen=True)
class Count:
    """Rows, and different keys among them: as many where no row is there twice."""

    rows: int
    keys: int


class Counter:
    """Counts what a load has made, in each table that must hold all of it."""

    def __init__(self, lake: Lake, load: Load) -> None:
        self._presto = lake.presto
        ids = " OR ".join(f"(product_id = '{name}' AND trade_id > {last})" for name, last in load.before.items())
        prices = f"source = '{load.source}'"
        price_key = "(coin, event_time)"
        self._questions = {
            COIN_PRICES.full_name: _question(COIN_PRICES.full_name, price_key, prices),
            COIN_DATA.full_name: _question(COIN_DATA.full_name, price_key, prices),
            FACT_TRADES.full_name: _question(FACT_TRADES.full_name, "(source, product_id, trade_id)", ids),
        }
        self.tables = tuple(self._questions)

    def count(self, table: str) -> Count:
        """Count a table's rows; raise `PrestoUnreachableError` or `QueryError` when there is no answer."""
        ((rows, keys),) = self._presto.rows(self._questions[table])
        return Count(rows, keys)

    def expected(self, made: Made, table: str) -> int:
        """Return how many rows a table must hold of what was made."""
        return made.trades if table == FACT_TRADES.full_name else made.prices


def _question(table: str, key: str, where: str) -> str:
    return f"SELECT count(*), count(DISTINCT {key}) FROM {table} WHERE {where}"
