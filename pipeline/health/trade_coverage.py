"""How complete the trades of each product are, as Presto sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.presto import Presto

SQL = Path(__file__).parent / "sql" / "trade_coverage.sql"


@dataclass(frozen=True)
class TradeCoverage:
    """The trades of one product: `missing` of them are not in the table, `lost` of those nobody can give any more."""

    source: str
    product_id: str
    trades: int
    filled: int  # how many of `trades` were fetched by REST
    missing: int
    open_gaps: int
    lost: int


def trade_coverage(presto: Presto) -> list[TradeCoverage]:
    """Return the coverage of every source and product; raise what `Presto.rows` raises."""
    return [TradeCoverage(*row) for row in presto.rows(SQL.read_text(encoding="utf-8"))]
