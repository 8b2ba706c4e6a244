"""Views of Presto for people: one SQL file each in this folder, under the view's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.settings import Settings
from pipeline.tickers import COIN_OF_SYMBOL, TICKERS

SCHEMA = "iceberg.gold"
NAMES = ("coins", "latest_prices", "daily_prices", "candles_1h", "candles_1d", "yearly_returns")


def create_sql(name: str, settings: Settings) -> str:
    """Return the statement that makes a view or replaces it."""
    return f"CREATE OR REPLACE VIEW {SCHEMA}.{name} AS\n{select_sql(name, settings)}"


def select_sql(name: str, settings: Settings) -> str:
    """Return the view's SELECT; `coins` is filled in from the settings."""
    text = (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8").strip()
    return text.replace("{rows}", ",\n    ".join(map(_row, coin_rows(settings)))) if name == "coins" else text


def coin_rows(settings: Settings) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Yield coin, symbol and product of each configured coin and each configured product, None where there is none."""
    products = {product: product.partition("-")[0] for product in settings.markets.products}
    for coin in settings.markets.coins:
        symbol = TICKERS[coin].upper() if coin in TICKERS else None
        traded: list[str | None] = [product for product, base in products.items() if base == symbol]
        yield from ((coin, symbol, product) for product in traded or [None])
    for product, base in products.items():
        coin_of_base = COIN_OF_SYMBOL.get(base.lower())
        if coin_of_base not in settings.markets.coins:
            yield coin_of_base, base, product


def _row(values: tuple[str | None, ...]) -> str:
    """Return a row of VALUES; the settings allow no quote in a coin or product."""
    return "(" + ", ".join("CAST(NULL AS varchar)" if value is None else f"'{value}'" for value in values) + ")"
