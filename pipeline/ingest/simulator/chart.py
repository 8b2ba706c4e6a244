"""The moments of a market_chart answer, as CoinGecko chooses them."""

from __future__ import annotations

import numpy as np

from pipeline.ingest.simulator.prices import DAY_MS, Times

HOUR_MS = 3_600_000
FIVE_MINUTES_MS = 300_000
HOURLY_UP_TO_MS = 90 * DAY_MS
LIVE_WITHIN_MS = 60_000  # a range that ends this close to now ends with the live price


def chart_times(start_ms: int, end_ms: int, now_ms: int) -> tuple[Times, bool]:
    """Return the moments between start and end, and whether the last one is the live price.

    Above 90 days of range: midnights. Up to 90 days: about every hour, up to 1 day that ends now: about every 5
    minutes; these stand off the grid by up to a fifteenth of the step. The live price stands at now, off any grid.
    """
    live = now_ms - LIVE_WITHIN_MS <= end_ms
    end_ms = min(end_ms, now_ms)
    step = _step(end_ms - start_ms, live)
    grid = np.arange(-(-start_ms // step), end_ms // step + 1, dtype=np.int64)
    times = grid * step
    if step != DAY_MS:
        times = times + grid * 7919 % (step // 15)  # 7919, a prime: the same shift each time one asks
        times = times[times <= end_ms]
    if live and start_ms <= now_ms and now_ms not in times[-1:]:
        return np.append(times, now_ms), True
    return times, False


def _step(length_ms: int, live: bool) -> int:
    if length_ms > HOURLY_UP_TO_MS:
        return DAY_MS
    return FIVE_MINUTES_MS if live and length_ms <= DAY_MS else HOUR_MS
