"""What callers of the HTTP API may ask for; everything else is a `RequestError` that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath

from pipeline.errors import RequestError
from pipeline.events.coin_prices import EARLIEST_EVENT_TIME
from pipeline.ingest.scheduler.jobs import Order
from pipeline.tickers import coin_named

EARLIEST_DAY = EARLIEST_EVENT_TIME.date()
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MAX_NAME = 200


def history_order(body: object, coins: tuple[str, ...], today: date) -> Order:
    """Read the body of POST /history: coin, from, and to (a day, its end included; absent means until now)."""
    body = _object(body, ("coin", "from", "to"), '{"coin": "bitcoin", "from": "2013-01-01"}')
    coin = known_coin(body.get("coin"), coins)
    first = _day("from", body.get("from"), today)
    last = None if body.get("to") is None else _day("to", body.get("to"), today)
    if last is not None and last < first:
        raise RequestError(f"the range is reversed: from {first} is after to {last}")
    return Order(coin, first, last)


def forget_order(body: object) -> tuple[str, str | None]:
    """Read the body of POST /history/forget: source, and coin (absent means all)."""
    body = _object(body, ("source", "coin"), '{"source": "csv_coingecko", "coin": "bitcoin"}')
    source, coin = body.get("source"), body.get("coin")
    if not isinstance(source, str):
        raise RequestError("'source' is missing: what the rows' column source says, such as csv_coingecko")
    if coin is not None and not isinstance(coin, str):
        raise RequestError("'coin' must be a CoinGecko id such as bitcoin")
    return source, coin


def known_coin(coin: object, coins: tuple[str, ...]) -> str:
    """Return the coin's id if it is one of ours; its symbol (btc) is understood, too."""
    if not isinstance(coin, str) or not coin:
        raise RequestError("'coin' is missing: a CoinGecko id such as bitcoin")
    name = coin_named(coin)
    if name not in coins:
        wanted = ",".join((*coins, name[:64]))
        raise RequestError(
            f"coin {coin[:64]!r} is not in the setting COINS ({', '.join(coins)}); to add it, put COINS={wanted} into "
            "the home's .env, stop the lake with pipeline_down.sh and start it with pipeline_setup.sh"
        )
    return name


def file_name(name: str | None) -> str:
    """Return a file's name for display, without folders and without anything that does not print."""
    bare = PurePath((name or "").replace("\\", "/")).name
    return "".join(letter for letter in bare if letter.isprintable())[:MAX_NAME] or "upload.csv"


def _object(body: object, known: tuple[str, ...], example: str) -> Mapping[str, object]:
    """Return the body as an object that has no other fields than the known ones."""
    if not isinstance(body, Mapping):
        raise RequestError(f"the body must be a JSON object: {example}")
    unknown = sorted(str(name) for name in set(body) - set(known))
    if unknown:
        raise RequestError(f"unknown field {unknown[0]!r}: {', '.join(known)} are known")
    return body


def _day(field: str, value: object, today: date) -> date:
    if not isinstance(value, str) or not ISO_DAY.fullmatch(value):
        raise RequestError(f"'{field}' must be a day as YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise RequestError(f"'{field}': there is no day {value}") from None
    if day < EARLIEST_DAY:
        raise RequestError(f"'{field}': nothing had a price before {EARLIEST_DAY}")
    if day > today:
        raise RequestError(f"'{field}': {day} is in the future (today is {today} in UTC)")
    return day
