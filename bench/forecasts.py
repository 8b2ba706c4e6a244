"""How long forecasts take: ARIMA walking over ten years of days, and AutoARIMA on five coins.

`python -m bench.forecasts [FILE]`. FILE is CoinGecko's "max" export; without one, a random walk takes its place. No
lake is needed. The other four coins are the same returns in another order. `*_cpu_s` is processor time, which others on
the machine lengthen much less; libraries are loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.forecast.arima import Arima, fitted
from analysis.forecast.automatic import AutoArima
from analysis.forecast.history import daily_history
from analysis.forecast.model import logs
from analysis.forecast.walk import Walk, origins_of, walk_forward
from bench.measure import report

DAYS = 3650
COINS = 5
HORIZON = 14
ORIGINS = 30
LEVEL = 0.9


def ten_years(file: Path | None) -> pd.Series[float]:
    """Return the newest ten years of a file's days, or as many days of a random walk."""
    if file is None:
        returns = np.random.default_rng(1).normal(0.001, 0.035, DAYS)
        return pd.Series(100 * np.exp(returns.cumsum()), index=pd.date_range("2016-01-01", periods=DAYS))
    rows = pd.read_csv(file).drop_duplicates("snapped_at")
    days = pd.to_datetime(rows["snapped_at"], utc=True, format="%Y-%m-%d %H:%M:%S UTC").dt.tz_localize(None)
    price = pd.Series(rows["price"].to_numpy(), index=pd.DatetimeIndex(days)).dropna()
    return daily_history(price.groupby(pd.DatetimeIndex(price.index).normalize()).last(), str(file)).iloc[-DAYS:]


def coins_like(price: pd.Series[float]) -> list[pd.Series[float]]:
    """Return as many histories as there are coins: the price itself, and its returns started elsewhere."""
    returns = np.diff(logs(price))
    turned = [np.roll(returns, coin * len(returns) // COINS) for coin in range(COINS)]
    return [pd.Series(price.iloc[0] * np.exp(np.cumsum([0, *rest])), index=price.index) for rest in turned]


def seconds(name: str, action: Callable[[], object]) -> dict[str, float]:
    """Return wall-clock and processor time of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return {
        f"{name}_s": round(time.perf_counter() - wall, 1),
        f"{name}_cpu_s": round(time.process_time() - cpu, 1),
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="CoinGecko's max export: snapped_at,price,...")
    price = ten_years(parser.parse_args().file)
    AutoArima().forecast(price.iloc[:100], HORIZON, LEVEL)
    fitted(logs(price.iloc[:100]), (1, 1, 0))
    walk = Walk(origins_of(price, ORIGINS, HORIZON, HORIZON), HORIZON, LEVEL)
    coins = coins_like(price)
    report(
        days=len(price),
        origins=ORIGINS,
        **seconds("arima_walk", lambda: walk_forward(Arima(), price, walk)),
        coins=COINS,
        **seconds("auto_arima", lambda: [AutoArima().forecast(coin, HORIZON, LEVEL) for coin in coins]),
    )


if __name__ == "__main__":
    main()
