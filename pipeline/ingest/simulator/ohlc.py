"""The candles of an /ohlc answer, at the width that CoinGecko chooses for the days asked for."""

from __future__ import annotations

import numpy as np

from pipeline.ingest.simulator.coins import SimulatedCoin
from pipeline.ingest.simulator.prices import DAY_MS, PriceModel

MINUTE_MS = 60_000
HALF_HOUR_MS, FOUR_HOURS_MS, FOUR_DAYS_MS = 30 * MINUTE_MS, 240 * MINUTE_MS, 4 * DAY_MS
DAYS = (1, 7, 14, 30, 90, 180, 365)  # CoinGecko takes these and `max`
PRICES_A_CANDLE = 30  # what its open, high, low and close are taken from

Candle = tuple[int, float, float, float, float]  # the ms at which it closed, open, high, low, close


def candles(model: PriceModel, coin: SimulatedCoin, days: int | None, now_ms: int) -> list[Candle]:
    """Return the candles that closed within the last `days`, oldest first; None stands for all since the coin began.

    A candle stands at the time it closes, on the grid of its width, and the one under way is left out: 7 days are 42
    candles at any time of day.
    """
    width = candle_width_ms(days)
    start = coin.start_ms if days is None else max(now_ms - days * DAY_MS, coin.start_ms)
    first = max(start // width, -(-coin.start_ms // width)) + 1  # the first candle must open after the coin began
    closes = np.arange(first, now_ms // width + 1, dtype=np.int64) * width
    steps = np.arange(1, PRICES_A_CANDLE + 1, dtype=np.int64) * (width // PRICES_A_CANDLE)
    times = closes[:, np.newaxis] - width + steps
    prices = model.prices(coin.id, times.ravel()).reshape(times.shape)
    columns = (closes, prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def candle_width_ms(days: int | None) -> int:
    """Return 30 minutes for up to 2 days, 4 hours for up to 30, else 4 days."""
    if days is None or days > 30:
        return FOUR_DAYS_MS
    return HALF_HOUR_MS if days <= 2 else FOUR_HOURS_MS
