"""What is taken from the markets, and where they answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.markets import LIVE, SIMULATOR
from pipeline.settings import values as parse
from pipeline.settings.exchange import Exchange, read_exchange
from pipeline.settings.machine import Machine
from pipeline.settings.topology import Topology
from pipeline.settings.values import Reader, Secret

AUTO = "auto"
TIERS = ("keyless", "demo", "pro")
DEFAULT_COINS = "bitcoin,ethereum,solana,ripple,dogecoin"
DEFAULT_PRODUCTS = "BTC-USD,ETH-USD,SOL-USD,XRP-USD,DOGE-USD"
COIN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # CoinGecko's ids are lower-case slugs
PRODUCT_ID = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}")


@dataclass(frozen=True)
class MarketSettings:
    """The coins and products, and the servers of their prices and trades."""

    mode: str  # auto, live or simulator: what the user asked for
    coins: tuple[str, ...]  # CoinGecko's ids
    poll_s: int
    csv_max_bytes: int  # the largest file that POST /history/csv takes
    coingecko_url: str  # empty: the tier's own
    coingecko_tier: str  # one of TIERS
    coingecko_api_key: Secret
    coinmetrics_url: str
    products: tuple[str, ...]  # Coinbase's ids
    candle_products: tuple[str, ...]  # whose minute candles are collected; empty: Bitcoin's where gold is served
    exchange: Exchange

    @property
    def simulator_url(self) -> str:
        """The HTTP address of the simulator, which may run on another machine."""
        return str(self.exchange.simulator.rest_url)


def read_markets(reader: Reader, machine: Machine, topology: Topology) -> MarketSettings:
    """Read the markets' settings."""
    simulator = [f"{topology.simulator_host}:{machine.port(name)}" for name in ("simulator", "simulator_feed")]
    return MarketSettings(
        mode=reader.get("COINLAKE_MARKET", AUTO, parse.one_of(AUTO, LIVE, SIMULATOR)),
        coins=reader.get("COINS", DEFAULT_COINS, _coins),
        poll_s=reader.get("COINLAKE_POLL_SECONDS", "60", parse.whole(1, 86_400)),
        csv_max_bytes=reader.get("COINLAKE_CSV_MAX_MB", "1024", parse.whole(1, 100_000)) * 1024**2,
        coingecko_url=reader.get("COINGECKO_URL", "", parse.optional_http_url),
        coingecko_tier=reader.get("COINGECKO_TIER", "keyless", parse.one_of(*TIERS)),
        coingecko_api_key=reader.secret("COINGECKO_API_KEY"),
        coinmetrics_url=reader.get("COINMETRICS_URL", "https://community-api.coinmetrics.io/v4", parse.http_url),
        products=reader.get("COINBASE_PRODUCTS", DEFAULT_PRODUCTS, _products),
        candle_products=reader.get("COINBASE_CANDLE_PRODUCTS", "", _optional_products),
        exchange=read_exchange(reader, *simulator),
    )


def _coins(value: str) -> tuple[str, ...]:
    coins = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not coins or any(not COIN_ID.fullmatch(coin) for coin in coins):
        raise ValueError("a comma list of CoinGecko ids such as bitcoin,ethereum")
    return coins


def _products(value: str) -> tuple[str, ...]:
    products = tuple(dict.fromkeys(part.strip().upper() for part in value.split(",") if part.strip()))
    if not products or any(not PRODUCT_ID.fullmatch(product) for product in products):
        raise ValueError("a comma list of Coinbase products such as BTC-USD,ETH-USD")
    return products


def _optional_products(value: str) -> tuple[str, ...]:
    return _products(value) if value else ()
