"""A coin's candles as a pandas frame."""

from __future__ import annotations

import pandas as pd

from analysis.pyspark_api.market import configured_market
from analysis.pyspark_api.showing import show
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.ingest.sources.coingecko_ohlc import Ohlc, OhlcDays
from pipeline.tickers import coin_named

COLUMNS = ("open", "high", "low", "close")


def fetch_price_as_ohlc(coin: str = "bitcoin", days: OhlcDays = 30, *, market: CoinGecko | None = None) -> pd.DataFrame:
    """Fetch a coin's candles of the last `days` from CoinGecko's /coins/{id}/ohlc, by default at the configured market.

    The frame has `timestamp` (the end of the candle, UTC) and `open, high, low, close` in USD, oldest first. A candle
    is 30 minutes wide for 1 day, 4 hours for 7 to 30, else 4 days. `frame.attrs` holds the `coin` and the `source`:
    coingecko, or simulator where nothing is real.

    Raises:
        UnknownCoinError: the market does not list the coin.
        RangeNotAllowedError: the key does not reach that far back; `max` needs a paid one.
        SourceError: any other failure of the market; its class says whether a retry can help.
    """
    asked = market or configured_market()
    try:
        frame = to_frame(asked.ohlc(coin_named(coin), days))
    finally:
        if market is None:
            asked.close()
    show(frame)
    return frame


def to_frame(ohlc: Ohlc) -> pd.DataFrame:
    """Return candles as the frame that `fetch_price_as_ohlc` describes."""
    closed = pd.DatetimeIndex([candle.closed_at for candle in ohlc.candles], tz="UTC").as_unit("us")
    prices = {name: [float(getattr(candle, name)) for candle in ohlc.candles] for name in COLUMNS}
    frame = pd.DataFrame({"timestamp": closed, **prices}).astype(dict.fromkeys(COLUMNS, "float64"))
    frame.attrs.update(coin=ohlc.coin, source=ohlc.source)
    return frame


def closes(candles: pd.DataFrame) -> pd.DataFrame:
    """Return the closes as rows of `coin, timestamp, price_usd, source`, to be made a Spark frame of."""
    return pd.DataFrame(
        {
            "coin": candles.attrs["coin"],
            "timestamp": candles["timestamp"],
            "price_usd": candles["close"],
            "source": candles.attrs["source"],
        }
    )
