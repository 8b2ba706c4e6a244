"""Query the lake: SQL through Presto into pandas.

The SQL itself stands in `analysis/sql/`, one statement a file; `Lake` has one method for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis.errors import CopyTooLargeError
from analysis.frames import to_frame
from analysis.sql_files import load_sql
from pipeline.errors import UnknownNameError
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.tickers import coin_named

if TYPE_CHECKING:
    from analysis.local_copy import LocalCopy

MAX_ROWS = 1_000_000
"""A million rows of ten columns take about 1 GB until they are a frame."""
MAX_COPIED_BYTES = 1_000_000_000


class Lake:
    """The running lake as Presto shows it; `max_rows` is the limit of every result."""

    def __init__(self, presto: Presto, hdfs_http_url: str, max_rows: int = MAX_ROWS) -> None:
        self._presto = presto
        self._hdfs_http_url = hdfs_http_url
        self._max_rows = max_rows

    def query(
        self, sql: str, params: Sequence[object] = (), *, exact: bool = False, max_rows: int | None = None
    ) -> pd.DataFrame:
        """Run one statement and return its rows, with times in UTC.

        `params` fill the statement's `?` in order (a list becomes an ARRAY). Decimals come as floats to calculate
        with, or with `exact` as `decimal.Decimal`, equal to the table's to the last digit. `max_rows` is this result's
        limit in the place of the lake's.

        Raises:
            PrestoUnreachableError: Presto is down or still starting.
            TableMissingError: a table, schema or catalog is not registered.
            QueryError: Presto refused or failed the statement.
            TooManyRowsError: the result is larger than the limit; the statement is cancelled, the rest not read.
        """
        limit = self._max_rows if max_rows is None else max_rows
        columns, rows = self._presto.columns_and_rows(sql, params, max_rows=limit)
        return to_frame(columns, rows, exact=exact)

    def copy(self, *tables: str, max_bytes: int = MAX_COPIED_BYTES, leave_out: Sequence[str] = ()) -> LocalCopy:
        """Copy tables to this machine as they are now, to ask DuckDB the same: `with lake.copy("...") as copy:`.

        Tables are named catalog.schema.table. Each is copied as of one snapshot, one table after the other, without the
        columns to `leave_out`.

        Raises:
            UnknownNameError: the lake has no such table.
            TableCopyError: it is a view, its files are larger than `max_bytes` together with the others', or cannot be
                read alone.
            ServiceError: Presto or HDFS does not answer.
        """
        from analysis.lake_files import find_files
        from analysis.local_copy import LocalCopy

        found = [find_files(self._presto, table) for table in dict.fromkeys(tables)]
        size = sum(table.size for table in found)
        if size > max_bytes:
            raise CopyTooLargeError([table.name for table in found], size, max_bytes)
        return LocalCopy(self._hdfs_http_url, [table.without(leave_out) for table in found], self._max_rows)

    def coverage(self) -> pd.DataFrame:
        """Return what the lake holds: `table, coin, source, row_count, first_time, last_time`."""
        return self.query(load_sql("coverage"))

    def daily_prices(self, coins: str | Sequence[str], *, exact: bool = False) -> pd.DataFrame:
        """Return each UTC day's close, from one source a day: `coin, day, price_usd, source, held_at`, in USD.

        Coins are CoinGecko ids or symbols (`btc`). A configured coin may have no price yet, and then has no row.

        Raises:
            UnknownNameError: the lake has no such coin.
        """
        wanted = [coin_named(coin) for coin in ([coins] if isinstance(coins, str) else coins)]
        frame = self.query(load_sql("daily_prices"), [wanted], exact=exact)
        self._check_names("coin", set(wanted).difference(frame["coin"]))
        return frame

    def realised_volatility(self, coin: str) -> pd.DataFrame:
        """Return how much a coin moved on each UTC day: `product_id, day, realised_volatility, returns, source`.

        From the minute candles of its products; without them there is no row. A fraction: 0.03 is 3 % a day.
        """
        return self.query(load_sql("realised_volatility"), [coin_named(coin)])

    def yearly_returns(self) -> pd.DataFrame:
        """Return all coins' calendar years: `coin, year, return_pct, is_partial, close, source`, in percent and USD."""
        return self.query(load_sql("yearly_returns"))

    def daily_closes(self, coins: Sequence[str], *, exact: bool = False) -> pd.DataFrame:
        """Return each source's last price of each UTC day: `coin, source, day, price_usd, observed_at`, in USD.

        For comparing sources; `daily_prices` has one price a day.
        """
        return self.query(load_sql("daily_closes"), [list(coins)], exact=exact)

    def trade_coverage(self) -> pd.DataFrame:
        """Return how complete the trades of each product are: `expected, received, filled, missing, hours, ...`."""
        return self.query(load_sql("trade_coverage"))

    def price_trend(self, hours: int, *, exact: bool = False) -> pd.DataFrame:
        """Return the rolling hour of each product at every minute of the last `hours`, in the quote currency."""
        return self.query(load_sql("price_trend"), [hours], exact=exact)

    def volume_per_asset(self, hours: int, *, exact: bool = False) -> pd.DataFrame:
        """Return what was traded in the last `hours`: `asset, quote, volume, turnover, trades, last_price`."""
        return self.query(load_sql("volume_per_asset"), [hours], exact=exact)

    def live_alerts(self, hours: int) -> pd.DataFrame:
        """Return the alerts of the last `hours`, the newest first; `move_pct` is in per cent."""
        return self.query(load_sql("live_alerts"), [hours])

    def candles(self, product: str, hours: int, *, exact: bool = False) -> pd.DataFrame:
        """Return the one-minute candles of a product over the last `hours`, the oldest first.

        Raises:
            UnknownNameError: the lake has no such product.
        """
        frame = self.query(load_sql("candles"), [product, hours], exact=exact)
        self._check_names("product", {product} if frame.empty else ())
        return frame

    def volume_profile(self, product: str, hours: int, levels: int = 40) -> pd.DataFrame:
        """Return the volume of a product by price level over the last `hours`, the lowest level first.

        Raises:
            UnknownNameError: the lake has no such product.
        """
        frame = self.query(load_sql("volume_profile"), [product, hours, levels])
        self._check_names("product", {product} if frame.empty else ())
        return frame

    def trade_freshness(self, hours: int) -> pd.DataFrame:
        """Return how late the trades of the last `hours` came, by source and channel: quantiles in milliseconds."""
        return self.query(load_sql("trade_freshness"), [hours])

    def trade_gaps(self, hours: int) -> pd.DataFrame:
        """Return the gaps that are open or were noticed in the last `hours`, open ones first."""
        return self.query(load_sql("trade_gaps"), [hours])

    def _check_names(self, kind: str, without_rows: Iterable[str]) -> None:
        """Tell a name that does not exist from one that has no rows yet."""
        names = sorted(without_rows)
        known = self.query(load_sql(f"known_{kind}s")).iloc[:, 0].tolist() if names else []
        for name in names:
            if name not in known:
                raise UnknownNameError(kind, name, known)


def connect(settings: Settings | None = None, max_rows: int = MAX_ROWS) -> Lake:
    """Return the lake that `settings` (the environment's, if none are given) point at; no traffic yet.

    `max_rows`: a result with more rows is an error.
    """
    lake = (settings or load_settings()).lake
    return Lake(Presto(lake.presto_url, source="coinlake-analysis"), lake.hdfs_http_url, max_rows)
