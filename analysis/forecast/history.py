"""From prices as they are kept to a history that models can take: one price for every UTC day, or a clear error.

A day without a price gets the price of the day before it, never one interpolated from later prices; such a day is not
scored. More than `MOST_CARRIED` missing days in a row are an error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.forecast.errors import HistoryError
from analysis.prices import DailySeries

MOST_CARRIED = 7
CSV_COLUMNS = ("day", "price_usd")
CSV_SOURCE = "csv"


def daily_history(price: pd.Series[float], what: str) -> pd.Series[float]:
    """Return the price of every day from the first to the last; `what` names it in errors.

    Raises:
        HistoryError: there are fewer than two prices, one is missing (NaN), infinite, zero or negative, days are not
            rising midnights without a zone, too many in a row have no price, or the price never moved.
    """
    days = pd.DatetimeIndex(price.index)
    _check_days(days, what)
    values = price.to_numpy(dtype=np.float64)
    _check(days, np.isnan(values), what, "has no price (NaN)")
    _check(days, ~(np.isfinite(values) & (values > 0)), what, "has a price that is not above zero and finite")
    steps = days[1:] - days[:-1]
    long = np.concatenate([[False], steps > pd.Timedelta(days=MOST_CARRIED + 1)])
    _check(days, long, what, f"follows more than {MOST_CARRIED} days without a price; backfill them, or start after")
    if (values == values[0]).all():
        raise HistoryError(what, f"the price is {values[0]:g} USD on all {len(values)} days, nothing to forecast")
    return price.astype("float64").asfreq("D").ffill().rename_axis("day")


def read_prices(path: Path | str, coin: str) -> DailySeries:
    """Return the prices of a CSV file with the columns `day` (2026-01-13) and `price_usd`, and perhaps `source`.

    Raises:
        HistoryError: there is no such file, a column is missing, or a day or price cannot be read.
    """
    try:
        rows = pd.read_csv(path)
        missing = [name for name in CSV_COLUMNS if name not in rows]
        if missing:
            raise HistoryError(str(path), f"no column {' or '.join(missing)}; it has {', '.join(rows.columns)}")
        days = pd.to_datetime(rows["day"], format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
        prices = rows["price_usd"].astype("float64").to_numpy()
    except (OSError, ValueError) as error:  # pandas' own errors of reading are ValueErrors
        raise HistoryError(str(path), str(error)) from error
    if days.isna().any():
        raise HistoryError(str(path), f"{rows['day'][days.isna()].iloc[0]!r} is no day such as 2026-01-13")
    source = rows["source"].to_numpy() if "source" in rows else CSV_SOURCE
    frame = pd.DataFrame({"price_usd": prices, "source": source}, index=pd.DatetimeIndex(days, name="day"))
    return DailySeries(coin, frame.sort_index())


def _check_days(days: pd.DatetimeIndex, what: str) -> None:
    if len(days) < 2:
        raise HistoryError(what, "no price" if days.empty else "the price of one day only")
    if days.tz is not None:
        raise HistoryError(what, "days must be UTC without a time zone")
    _check(days, days != days.normalize(), what, "is not a day but a time")
    _check(days, np.concatenate([[False], days[1:] <= days[:-1]]), what, "comes twice or out of order")


def _check(days: pd.DatetimeIndex, bad: np.ndarray, what: str, fault: str) -> None:
    if bad.any():
        more = f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""
        raise HistoryError(what, f"{days[int(bad.argmax())]}{more} {fault}")
