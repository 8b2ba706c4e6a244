"""The arguments of `pipeline_setup.sh`, checked before anything is installed or started.

Only the standard library is used here: the preflight reads them with the system's Python.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.markets import LIVE, SIMULATOR
from pipeline.settings.markets import COIN_ID
from pipeline.tickers import COIN_OF_SYMBOL, QUOTES, coin_named

# A file's name identifies a coin by its id or symbol, and what the prices are quoted in.
COIN_SYMBOLS = {symbol: coin for symbol, coin in COIN_OF_SYMBOL.items() if symbol not in QUOTES}


@dataclass(frozen=True)
class HistoryFile:
    """A CSV file of past prices and the coin it is about."""

    path: Path
    coin: str


@dataclass(frozen=True)
class SetupOptions:
    """What one run of the set-up was asked for; None leaves it as it is: the running lake's, else the settings'."""

    market: str | None = None
    small: bool | None = None
    notebook: bool | None = None
    history: HistoryFile | None = None
    way: str | None = None  # docker or native
    profile: str | None = None  # single or cluster; in containers only
    serving: bool | None = None  # PostgreSQL and the S3 bucket
    superset: bool | None = None  # on top of these, and only with them


def parse_options(arguments: Sequence[str]) -> SetupOptions:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.profile and not given.docker:
        parser.error("--profile needs --docker")
    if given.superset and given.serving is False:
        parser.error("--superset needs --with serving")
    if given.history_coin and not given.history:
        parser.error("--history-coin needs --history FILE.csv")
    try:
        history = _history(given.history, given.history_coin) if given.history is not None else None
    except ValueError as error:
        parser.error(str(error))
    way = "docker" if given.docker else "native" if given.native else None
    return SetupOptions(
        market=given.market,
        small=given.small,
        notebook=given.notebook,
        history=history,
        way=way,
        profile=given.profile,
        serving=given.serving,
        superset=given.superset,
    )


class _Tier(argparse.Action):
    """`--with TIER` turns a tier on, `--without TIER` off; the later of the two holds."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        _values: str | Sequence[object] | None,
        option: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, option == "--with")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline_setup.sh", allow_abbrev=False, usage="see pipeline_setup.sh --help")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--native", action="store_true")
    way.add_argument("--docker", action="store_true")
    parser.add_argument("--profile", choices=["single", "cluster"])
    parser.add_argument("--with", dest="serving", action=_Tier, choices=["serving"])
    parser.add_argument("--without", dest="serving", action=_Tier, choices=["serving"])
    parser.add_argument("--superset", action=argparse.BooleanOptionalAction)
    parser.add_argument("--market", choices=["auto", LIVE, SIMULATOR])
    parser.add_argument("--history", type=Path, metavar="FILE.csv")
    parser.add_argument("--history-coin", metavar="COIN")
    parser.add_argument("--small", action=argparse.BooleanOptionalAction)
    parser.add_argument("--notebook", action=argparse.BooleanOptionalAction)
    return parser


def _history(path: Path, coin: str | None) -> HistoryFile:
    if not path.is_file():
        raise ValueError(f"--history {path}: {'not a file' if path.exists() else 'no such file'}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"--history {path}: the file cannot be read")
    if path.stat().st_size == 0:
        raise ValueError(f"--history {path}: the file is empty")
    return HistoryFile(path.absolute(), _stated_coin(coin) if coin else coin_of_file(path.name))


def _stated_coin(coin: str) -> str:
    name = coin_named(coin)
    if not COIN_ID.fullmatch(name):
        raise ValueError(f"--history-coin {coin}: expected a CoinGecko id such as bitcoin, or a symbol such as btc")
    return name


def coin_of_file(name: str) -> str:
    """Return the one coin that a file's name identifies, by id or symbol: `btc-usd-max.csv` is bitcoin.

    Raises:
        ValueError: the name identifies no coin, or several.
    """
    stem = _dashed(name.lower().removesuffix(".csv"))
    words = (_without_quote(word) for word in stem.split("-"))
    named = {coin for coin in COIN_SYMBOLS.values() if f"-{coin}-" in f"-{stem}-"}
    whole = {coin for coin in named if not any(coin in other and coin != other for other in named)}
    found = whole | {COIN_SYMBOLS[word] for word in words if word in COIN_SYMBOLS}
    if len(found) != 1:
        told = f"one coin but {' and '.join(sorted(found))}" if found else "which coin it is about"
        raise ValueError(f"--history {name}: the name does not say {told}; add --history-coin COIN, e.g. bitcoin")
    return found.pop()


def _dashed(stem: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in stem)


def _without_quote(word: str) -> str:
    return next((word.removesuffix(quote) for quote in QUOTES if word.endswith(quote) and word != quote), word)
