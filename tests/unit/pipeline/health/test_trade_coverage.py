from __future__ import annotations

from typing import Any

from pipeline.health.trade_coverage import TradeCoverage, trade_coverage


class Presto:
    """Answers with one product's row and keeps the statement."""

    def rows(self, sql: str) -> list[list[Any]]:
        self.sql = sql
        return [["simulator", "BTC-USD", 232, 3, 1, 1, 0]]


def test_each_product_is_counted_by_the_statement_of_its_file() -> None:
    presto = Presto()
    (found,) = trade_coverage(presto)  # type: ignore[arg-type]  # as much of Presto as is asked
    assert found == TradeCoverage("simulator", "BTC-USD", trades=232, filled=3, missing=1, open_gaps=1, lost=0)
    assert "iceberg.ops.coverage" in presto.sql
