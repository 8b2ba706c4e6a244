"""The price file of a job: written from the lake or from another file, and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from analysis.jobs.errors import JobInputError
from analysis.lake import Lake, connect
from pipeline.tickers import coin_named

COLUMNS = ["day", "price_usd"]
SOURCE = "source"


def fetch_bitcoin_data(
    target: Path, *, coin: str = "bitcoin", source: Path | None = None, lake: Callable[[], Lake] = connect
) -> Path:
    """Write a coin's price of each day to `target` (CSV: day,price_usd; USD, UTC days, rising) and return its path.

    The prices come from the lake, through Presto, with a third column `source`, which marks simulated ones; or from
    the CSV file `source`, which has the first two columns and perhaps the third.

    Raises:
        JobInputError: `source` cannot be used, or the lake has no prices of this coin yet.
        UnknownNameError: the lake has no such coin.
        PrestoUnreachableError: Presto is down or still starting.
    """
    if source is None:
        name = coin_named(coin)
        prices = lake().daily_prices(name)[[*COLUMNS, SOURCE]]
        if prices.empty:
            command = f"pipeline/init/init_coin_data.sh {name}"
            raise JobInputError(name, f"the lake has no prices of it yet; {command} loads its history")
    else:
        prices = read_prices(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with completed(target) as part:
        prices.sort_values("day").to_csv(part, index=False, date_format="%Y-%m-%d")
    return target


def read_prices(file: Path) -> pd.DataFrame:
    """Return a price file's rows: `day` (a UTC day), `price_usd`, and `source`, if it has that column.

    Raises:
        JobInputError: there is no such file, or a row of it is not a day and a price above zero.
    """
    try:
        rows = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' own errors of reading are ValueErrors
        raise JobInputError(str(file), f"the price file cannot be read: {error}") from error
    if not set(COLUMNS) <= set(rows.columns) or rows.empty:
        raise JobInputError(str(file), "the price file needs the header day,price_usd and rows below it")
    day = pd.to_datetime(rows["day"], format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
    price = pd.to_numeric(rows["price_usd"], errors="coerce").astype("float64")
    bad = day.isna() | ~((price > 0) & (price < float("inf")))
    if bad.any():
        line = int(bad.argmax())
        found = f"{rows['day'].iloc[line]},{rows['price_usd'].iloc[line]}"
        raise JobInputError(f"{file}:{line + 2}", f"a day and a price above zero are needed, not {found}")
    kept = [*COLUMNS, SOURCE] if SOURCE in rows else COLUMNS
    return rows.assign(day=day, price_usd=price)[kept]


@contextmanager
def completed(target: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `target` when the block ends well and is deleted when it does not."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
