"""A file of minute candles as Kaggle has them, with all that goes wrong in such files, and what gold makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

HEADER = "Timestamp,Open,High,Low,Close,Volume"
START = datetime(2020, 2, 28, 20, 0, tzinfo=UTC)  # two months and a leap day
MINUTES = 3000
MISSING = {*range(100, 140), 700, *range(2000, 2900)}
FILLED = {*range(300, 330)}
CORRECTED = 1234  # comes again at the end, with another close
BAD = ("high is below low", "negative volume", "no number")

WINDOWS = """
SELECT CAST(minute AS varchar), CAST(close AS double), is_filled,
  avg(close) OVER w5, avg(close) OVER w10, avg(close) OVER w30,
  stddev_samp(close) OVER w5, stddev_samp(close) OVER w10, stddev_samp(close) OVER w30
FROM candles WINDOW
  w5 AS (ORDER BY minute RANGE BETWEEN INTERVAL 4 MINUTE PRECEDING AND CURRENT ROW),
  w10 AS (ORDER BY minute RANGE BETWEEN INTERVAL 9 MINUTE PRECEDING AND CURRENT ROW),
  w30 AS (ORDER BY minute RANGE BETWEEN INTERVAL 29 MINUTE PRECEDING AND CURRENT ROW)
ORDER BY minute
"""

Row = tuple[object, ...]


@dataclass(frozen=True)
class CandleFile:
    """The file, and the candles that it ends with: minute, close, is_filled."""

    path: Path
    candles: list[tuple[datetime, float, bool]]

    def gold(self) -> list[Row]:
        """Compute with DuckDB minute, close, is_filled, the three means and the three deviations, in order."""
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE candles (minute TIMESTAMP, close DOUBLE, is_filled BOOLEAN)")
            connection.executemany("INSERT INTO candles VALUES (?, ?, ?)", self.candles)
            return connection.sql(WINDOWS).fetchall()


def write_candles(path: Path) -> CandleFile:
    """Write the file; rows that cannot be read stand in its midst."""
    lines, candles, close = [HEADER], {}, 9000.0
    for number in range(MINUTES):
        if number in MISSING:
            continue
        filled = number in FILLED
        opened, close = close, close if filled else round(9000 + 137 * ((number * 7919) % 101) / 100, 2)
        lines.append(_line(number, opened, close, 0.0 if filled else 1.25))
        candles[number] = (_minute(number), close, filled)
    stamp = f"{(START + timedelta(minutes=MINUTES)).timestamp():.1f}"
    lines[500:500] = [f"{stamp},1,1,2,1,1", f"{stamp},1,1,1,1,-1", f"{stamp},one,1,1,1,1"]
    lines.append(_line(CORRECTED, 9000.0, 9500.5, 2.5))
    candles[CORRECTED] = (_minute(CORRECTED), 9500.5, False)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CandleFile(path, [candles[number] for number in sorted(candles)])


def _minute(number: int) -> datetime:
    return (START + timedelta(minutes=number)).replace(tzinfo=None)


def _line(number: int, opened: float, close: float, volume: float) -> str:
    stamp = (START + timedelta(minutes=number)).timestamp()
    return f"{stamp:.1f},{opened},{max(opened, close)},{min(opened, close)},{close},{volume}"
