"""What the charts of trades show, calculated: which source counts, wider candles, breaks in a line, delays.

Pure functions over pandas, on frames as `Lake` returns them. Prices and turnover are in the quote currency, volume in
the base currency, times are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.events.trades import OPEN
from pipeline.markets import SIMULATOR

CANDLE_MINUTES = (1, 5, 15, 60, 240, 1440)
VALUE_AREA = 0.7  # the usual share of the volume that its value area holds
LONGEST_QUIET = pd.Timedelta(hours=1)  # a line is not drawn across more than this
STEPS = {"feed": "trade to receipt", "queue": "receipt to Kafka", "total": "trade to Kafka"}
QUANTILES = ("p50", "p90", "p99", "max")


def real_first(rows: pd.DataFrame, keys: Sequence[str] = ("product_id",)) -> pd.DataFrame:
    """Return the rows without simulated ones where `keys` has real ones; without keys, where there is any real one.

    Two prices of one product, one of them simulated, would be drawn as a single line that jumps.
    """
    real = rows["source"] != SIMULATOR
    if not keys:
        return rows[real] if real.any() else rows
    return rows[real | ~real.groupby([rows[key] for key in keys]).transform("any")]


def simulated(rows: pd.DataFrame) -> bool:
    """Tell whether the simulator generated any of the rows."""
    return bool((rows["source"] == SIMULATOR).any())


def one_product(rows: pd.DataFrame, product: str) -> pd.DataFrame:
    """Return the rows of a product: the real ones, or the simulated ones if it has no others."""
    return real_first(rows[rows["product_id"] == product])


def widened(candles: pd.DataFrame, at_most: int) -> tuple[int, pd.DataFrame]:
    """Return how many minutes a candle must have for there to be `at_most` of them, and those candles.

    `candles` are one product's, a minute each; the result is indexed by `minute`, the start of each candle.
    """
    by_minute = candles.set_index("minute").sort_index()
    times = pd.DatetimeIndex(by_minute.index)
    span = (times[-1] - times[0]) / pd.Timedelta(minutes=1) if len(times) else 0
    minutes = next((width for width in CANDLE_MINUTES if span < at_most * width), CANDLE_MINUTES[-1])
    together = by_minute.groupby(times.floor(f"{minutes}min"))
    sums = dict.fromkeys(("volume", "turnover", "trades"), "sum")
    return minutes, together.agg({"open": "first", "high": "max", "low": "min", "close": "last"} | sums)


def vwap(candles: pd.DataFrame) -> pd.Series[float]:
    """Return each candle's volume-weighted average price: turnover over volume; missing where nothing was traded."""
    volume = candles["volume"].astype(float)
    return candles["turnover"].astype(float) / volume.where(volume > 0)


def rolling_vwap(candles: pd.DataFrame, hours: float) -> pd.Series[float]:
    """Return the VWAP of the last `hours` at the end of each minute; missing until the candles are that old.

    `candles` are one product's, a minute each. Minutes without a trade have no candle and no weight.
    """
    ends = pd.DatetimeIndex(candles["minute"] + pd.Timedelta(minutes=1), name="minute_end")
    sums = candles[["turnover", "volume"]].astype(float).set_axis(ends).sort_index()
    window = pd.Timedelta(hours=hours)
    ratio = vwap(sums.rolling(window).sum())
    return ratio.where(ratio.index >= ends.min() - pd.Timedelta(minutes=1) + window)


def value_area(volume: pd.Series[float], share: float = VALUE_AREA) -> tuple[int, int, int]:
    """Return the positions of the value area's lowest and highest level and of the one with the largest volume.

    `volume` is of each price level, from the lowest up. From its largest level the area grows by the larger neighbour
    until it holds `share` of the whole.

    Raises:
        ValueError: there is no level.
    """
    sizes = volume.to_numpy(dtype=float)
    largest = int(sizes.argmax())
    low = high = largest
    while sizes[low : high + 1].sum() < share * sizes.sum() and (low > 0 or high < len(sizes) - 1):
        below = sizes[low - 1] if low > 0 else -1.0
        above = sizes[high + 1] if high < len(sizes) - 1 else -1.0
        low, high = (low - 1, high) if below > above else (low, high + 1)
    return low, high, largest


def with_breaks(rows: pd.DataFrame, longest: pd.Timedelta = LONGEST_QUIET) -> pd.DataFrame:
    """Return the rows, indexed by rising times, with a row of missing values in each quiet span over `longest`."""
    times = pd.DatetimeIndex(rows.index)
    before_quiet = times[:-1][times[1:] - times[:-1] > longest]
    return rows.reindex(times.append(before_quiet + longest / 2).sort_values())


def alerted(alerts: pd.DataFrame, product: str) -> str:
    """Return the product whose alerts to look at: `product` if it has any, else that of the newest alert."""
    return product if alerts.empty or (alerts["product_id"] == product).any() else str(alerts["product_id"].iloc[0])


def told_apart(alerts: pd.DataFrame, at_most: int, span: pd.Timedelta) -> pd.DataFrame:
    """Return the strongest alerts, no two of them nearer to each other than an eighth of `span`."""
    by_strength = alerts.loc[alerts["move_pct"].abs().sort_values(ascending=False, kind="stable").index]
    kept: list[pd.Timestamp] = []
    for at in by_strength["triggered_at"]:
        if len(kept) < at_most and all(abs(at - other) >= span / 8 for other in kept):
            kept.append(at)
    return by_strength[by_strength["triggered_at"].isin(kept)].drop_duplicates("triggered_at")


def delays(freshness: pd.DataFrame) -> pd.DataFrame:
    """Return a row a source, channel and step in milliseconds: `source, channel, trades, step, p50, p90, p99, max`."""
    kept = ["source", "channel", "trades"]
    parts = [
        freshness[kept].assign(step=words, **{name: freshness[f"{step}_{name}"] for name in QUANTILES})
        for step, words in STEPS.items()
    ]
    return pd.concat(parts).sort_values(["source", "channel"], kind="stable", ignore_index=True)


def gap_table(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with `seconds`, how long each took to close; missing while it is open."""
    seconds = (gaps["closed_at"] - gaps["opened_at"]).dt.total_seconds().round(1)
    columns = ["status", "source", "product_id", "trades", "filled", "lost", "reason", "opened_at"]
    return gaps[columns].assign(seconds=seconds.where(gaps["status"] != OPEN), note=gaps["note"])
