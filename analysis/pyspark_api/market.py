"""The market that the settings name, and one coin's current price there as a record."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import BadDataError
from pipeline.events.raw import DeadLetter
from pipeline.ingest.market_choice import prices_candidate, settled_choice
from pipeline.ingest.sources.coingecko import CoinGecko, simulator_url
from pipeline.markets import SIMULATOR
from pipeline.run_files import Markets
from pipeline.settings import Settings, load_settings
from pipeline.tickers import coin_named

Record = dict[str, object]
"""One price: `coin`, `timestamp` (ISO 8601, UTC), `price_usd`, `source`."""


def configured_market(settings: Settings | None = None) -> CoinGecko:
    """Return the market of prices that `settings` (the environment's, if none are given) name; no traffic yet.

    That is the simulator with COINLAKE_MARKET=simulator, else COINGECKO_URL; where both are left open, the market of
    this home's lake, and CoinGecko where no lake has run.
    """
    ours = settings or load_settings()
    running = Markets.read(ours.run_dir)
    choice = settled_choice(ours, prices_candidate(ours)) or (running.prices if running else None)
    is_named = bool(ours.markets.coingecko_url) and ours.markets.mode != SIMULATOR
    if choice is not None and choice.kind == SIMULATOR and not is_named:
        return CoinGecko(ours, simulator_url(ours))
    return CoinGecko(ours)


def price_fetcher(market: CoinGecko, coin: str = "bitcoin") -> Callable[[], list[Record]]:
    """Return a function that fetches a coin's current price as a list of one record.

    It raises `SourceError` where the market does not answer, refuses, or has no price of the coin.
    """
    name = coin_named(coin)

    def fetch() -> list[Record]:
        [item] = market.prices((name,))
        if isinstance(item, DeadLetter):
            raise BadDataError(market.name, f"{name}: {item.reason}")
        timestamp = item.event_time.isoformat()
        return [{"coin": name, "timestamp": timestamp, "price_usd": float(item.price_usd), "source": item.source}]

    return fetch
