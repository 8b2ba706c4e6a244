"""The price sources of the market in use."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ingest.scheduler.history import ChainLink
from pipeline.ingest.sources.base import LiveSource
from pipeline.ingest.sources.coinbase import CoinbaseCandles
from pipeline.ingest.sources.coingecko import CoinGecko, simulator_url
from pipeline.ingest.sources.coinmetrics import CoinMetrics
from pipeline.markets import SIMULATOR
from pipeline.run_files import Choice
from pipeline.settings import Settings


@dataclass(frozen=True)
class PriceSources:
    """Where prices come from: the live poll's source, and the chain that the history walks."""

    live: LiveSource
    links: tuple[ChainLink, ...]


def price_sources(settings: Settings, choice: Choice) -> PriceSources:
    """Return the sources of the chosen market; rows of the simulator are labelled `simulator` by their source."""
    if choice.kind == SIMULATOR:
        simulator = CoinGecko(settings, simulator_url(settings))
        return PriceSources(simulator, (ChainLink(SIMULATOR, simulator),))
    coingecko = CoinGecko(settings)
    # Another server's days are not CoinGecko's: the ledger keeps them apart.
    name = f"{coingecko.name}@{settings.markets.coingecko_url}" if settings.markets.coingecko_url else coingecko.name
    others = (CoinMetrics(settings), CoinbaseCandles(settings))
    return PriceSources(coingecko, (ChainLink(name, coingecko), *(ChainLink(source.name, source) for source in others)))
