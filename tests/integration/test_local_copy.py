"""Presto and DuckDB give the same of the same tables, over the real HDFS."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import TableCopyError
from analysis.lake import connect
from tests.support.stack import Stack

PRICES = """
SELECT coin, event_time, price_usd, market_cap_usd, volume_usd, source
FROM {table}
WHERE source = 'csv_coingecko' AND coin = 'bitcoin'
ORDER BY event_time
"""


@pytest.mark.parametrize("table", ["iceberg.silver.coin_prices", "hive.crypto.coin_data"])
def test_presto_and_duckdb_give_the_same(stack: Stack, table: str) -> None:
    lake = connect(stack.settings)
    by_presto = lake.query(PRICES.format(table=table), exact=True)
    with lake.copy(table) as copy:
        by_duckdb = copy.query(PRICES.format(table=table), exact=True)
    assert len(by_presto) == 4642
    pd.testing.assert_frame_equal(by_duckdb, by_presto)


def test_a_view_is_not_copied(stack: Stack) -> None:
    with pytest.raises(TableCopyError, match="is a view"):
        connect(stack.settings).copy("iceberg.gold.latest_prices")
