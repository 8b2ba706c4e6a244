"""Coinbase Exchange's past trades, a page at a time.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-trades: at most 1000 trades a
call, newest first, with ids below `after`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import replace

from pipeline.errors import BadDataError
from pipeline.events.trades import REST_FRAME
from pipeline.ingest.http import HttpClient, Json, Parts, RetryPolicy
from pipeline.ingest.ratelimit import TokenBucket

log = logging.getLogger(__name__)

NAME = "coinbase_trades"
CALLS_A_SECOND = 7  # of the public limit of 10 by IP address; the candles' calls have the rest
PAGE = 1000
DELISTED = "delisted"  # the status of a product that is listed but will not be traded again

Trade = dict[str, Json]


class TradesRest:
    """Reads pages of trades; a call that fails is not made again here, since the filler knows better when."""

    def __init__(self, base_url: str, parts: Parts | None = None) -> None:
        once = replace(parts or Parts(), retry=RetryPolicy(attempts=1))
        bucket = TokenBucket.for_limit(CALLS_A_SECOND, 1.0, once.clock, once.sleep)
        self._http = HttpClient(NAME, base_url, bucket, parts=once)

    def page(self, product: str, after: int) -> dict[int, Trade]:
        """Return the newest trades with ids below `after` as the exchange has them, by id, newest first.

        None at all means that the exchange has nothing that old, if it trades the product: see `is_trading_above`.

        Raises:
            UnknownCoinError: a 404; whether the exchange has dropped the product, only `is_listed` can tell.
            SourceError: any other failure. None says anything about whether the trades are there.
        """
        found = self._trades(product, {"limit": PAGE, "after": after})
        page = {trade_id: trade for trade_id, trade in found.items() if trade_id < after}
        if found and not page:
            raise BadDataError(NAME, f"{product}: {len(found)} trades, none of them before {after}")
        return page

    def is_trading_above(self, product: str, trade_id: int) -> bool:
        """Return whether the product's newest trades are there, all of them with this id or higher ones.

        Raises:
            SourceError: any failure.
        """
        newest = self._trades(product, {"limit": PAGE})
        return bool(newest) and min(newest) >= trade_id

    def is_listed(self, product: str) -> bool:
        """Return whether the exchange's list of products has this one, and not as delisted.

        https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-all-known-trading-pairs

        Raises:
            SourceError: any failure; a list without a single product is one.
        """
        path = "/products"
        answer = self._http.get(path, {}).body
        entries = [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []
        states = {entry["id"]: entry.get("status") for entry in entries if isinstance(entry.get("id"), str)}
        if not states:
            raise BadDataError(NAME, f"{path}: the answer is not a list of products")
        return states.get(product, DELISTED) != DELISTED

    def _trades(self, product: str, query: dict[str, str | int]) -> dict[int, Trade]:
        path = f"/products/{product}/trades"
        answer = self._http.get(path, query, product).body
        if not isinstance(answer, list):
            raise BadDataError(NAME, f"{path}: the answer is not a list")
        found = {trade_id: trade for trade in answer if (trade_id := _id(trade)) is not None}
        if answer and not found:
            raise BadDataError(NAME, f"{path}: {len(answer)} entries, none of them a trade")
        return found

    def ping(self) -> None:
        """Ask the exchange for its time; raise `SourceError` if it does not answer."""
        self._http.get("/time", {})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def rest_frame(product: str, trades: Iterable[Trade]) -> bytes:
    """Return the frame for a page's trades: as the exchange has them, but a number with a point becomes text."""
    frame = {"type": REST_FRAME, "product_id": product, "trades": list(trades)}
    return json.dumps(frame, default=str, separators=(",", ":")).encode()


def _id(trade: Json) -> int | None:
    """Return a trade's id; None for what is no trade."""
    trade_id = trade.get("trade_id") if isinstance(trade, dict) else None
    if isinstance(trade_id, str) and trade_id.isdecimal():
        trade_id = int(trade_id)
    if isinstance(trade_id, int) and not isinstance(trade_id, bool) and trade_id > 0:
        return trade_id
    log.warning("%s: skipped an entry that is not a trade: %.200r", NAME, trade)
    return None
