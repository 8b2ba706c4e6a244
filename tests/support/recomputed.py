"""What the tables made from trades must hold, computed from the trades by DuckDB, without any of the lake's code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import duckdb
import pandas as pd

Row = tuple[Any, ...]

COLUMNS = ("product", "id", "time", "price", "size", "channel")
"""Of a trade; numbers may be text."""

EXACT = Decimal("1e-18")

LOAD = """
CREATE TABLE trades AS
SELECT product, CAST(id AS bigint) AS id, CAST(time AS timestamp) AS time, CAST(price AS decimal(38,18)) AS price,
       CAST(size AS decimal(38,18)) AS size, channel
FROM given
"""

# A product of two such numbers is exact; the check is that no trade has more digits.
TURNOVER = "CAST(price AS decimal(19,8)) * CAST(size AS decimal(19,8))"
INEXACT = "SELECT * FROM trades WHERE CAST(price AS decimal(19,8)) <> price OR CAST(size AS decimal(19,8)) <> size"

# product, minute, open, high, low, close, volume, turnover, price_sum, trades, filled, first and last id
CANDLES = f"""
SELECT product, date_trunc('minute', time) AS minute, arg_min(price, id), max(price), min(price), arg_max(price, id),
       sum(size), CAST(sum({TURNOVER}) AS decimal(38,18)), sum(price),
       count(*), count(*) FILTER (channel = 'rest'), min(id), max(id)
FROM trades GROUP BY ALL ORDER BY 1, 2
"""

# product, window's start and end, lowest and highest price, volume, trades, and what the means are made of
STATISTICS = f"""
WITH minutes AS (
    SELECT product, date_trunc('minute', time) AS minute, min(price) AS low, max(price) AS high, sum(size) AS volume,
           count(*) AS trades, sum(price) AS prices, sum({TURNOVER}) AS turnover
    FROM trades GROUP BY ALL
),
ends AS (
    SELECT unnest(generate_series(min(minute) + INTERVAL 1 MINUTE, max(minute) + INTERVAL 1 MINUTE,
                                  INTERVAL 1 MINUTE)) AS window_end
    FROM minutes
)
SELECT product, window_end - INTERVAL 1 HOUR, window_end, min(low), max(high), sum(volume), sum(trades)::bigint,
       sum(prices), sum(turnover)
FROM ends JOIN minutes ON minute >= window_end - INTERVAL 1 HOUR AND minute < window_end
GROUP BY ALL ORDER BY product, window_end
"""

# product, hour, expected, received, filled, missing, first and last id; a hole counts where the next higher id is
COVERAGE = """
WITH counted AS (
    SELECT *, coalesce(id - lag(id) OVER (PARTITION BY product ORDER BY id) - 1, 0) AS hole FROM trades
)
SELECT product, date_trunc('hour', time) AS hour, count(*) + sum(hole)::bigint, count(*) FILTER (channel <> 'rest'),
       count(*) FILTER (channel = 'rest'), sum(hole)::bigint, min(id), max(id)
FROM counted GROUP BY ALL ORDER BY 1, 2
"""


class Recomputed:
    """The tables' rows, from trades with `COLUMNS`."""

    def __init__(self, trades: Iterable[Sequence[object]]) -> None:
        self._engine = duckdb.connect()
        self._engine.register("given", pd.DataFrame(list(trades), columns=list(COLUMNS), dtype=str))
        self._engine.execute(LOAD)
        assert self._engine.execute(INEXACT).fetchall() == []

    def candles(self) -> list[Row]:
        """Return product, minute, open, high, low, close, volume, turnover, price_sum, trades, filled, ids."""
        return self._engine.execute(CANDLES).fetchall()

    def statistics(self) -> list[Row]:
        """Return product, window, lowest and highest price, volume, trades, mean price, VWAP."""
        rows = self._engine.execute(STATISTICS).fetchall()
        with localcontext() as context:
            context.prec, context.rounding = 60, ROUND_HALF_UP
            return [
                (*row, (prices / row[6]).quantize(EXACT), (turnover / row[5]).quantize(EXACT) if row[5] else None)
                for *row, prices, turnover in rows
            ]

    def coverage(self) -> list[Row]:
        """Return product, hour, expected, received, filled, missing, first and last id."""
        return self._engine.execute(COVERAGE).fetchall()

    def moves(self, window_s: int, percent: float) -> list[Row]:
        """Return product, type and time of each trade so far from an extreme of the window before it."""
        window = f"RANGE BETWEEN INTERVAL {window_s} SECONDS PRECEDING AND CURRENT ROW"
        query = (
            "WITH extremes AS (SELECT product, time, price::double AS price, max(price::double) OVER w AS high, "
            f"min(price::double) OVER w AS low FROM trades WINDOW w AS (PARTITION BY product ORDER BY time {window})) "
            f"SELECT product, 'FLASH_CRASH', time FROM extremes WHERE price <= high * (1 - {percent / 100}) "
            f"UNION ALL SELECT product, 'PRICE_SURGE', time FROM extremes WHERE price >= low * (1 + {percent / 100})"
        )
        return self._engine.execute(query).fetchall()

    def prices_at(self, product: str, moment: str) -> set[Decimal]:
        """Return what a product was traded for within a millisecond."""
        query = "SELECT price FROM trades WHERE product = ? AND date_trunc('millisecond', time) = CAST(? AS timestamp)"
        return {price for (price,) in self._engine.execute(query, [product, moment]).fetchall()}
