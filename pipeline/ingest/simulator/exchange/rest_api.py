"""Coinbase Exchange's REST answers: which trades there were, those that the feed withheld among them, and candles."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange import wire
from pipeline.ingest.simulator.exchange.candles import MINUTE_S, Candles
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.trades import Product, Trade

LARGEST_PAGE = 1000
MOST_CANDLES = 300


def rest_api(exchange: Exchange) -> Blueprint:
    """Return the calls below /products."""
    api = Blueprint("coinbase", __name__, url_prefix="/products")

    @api.errorhandler(RequestError)
    def refuse(error: RequestError) -> ResponseReturnValue:
        return jsonify(message=str(error)), error.status

    @api.get("")
    def products() -> Response:
        return jsonify([{"id": name, "status": "online"} for name in exchange.products])

    @api.get("/<name>/trades")
    def trades(name: str) -> Response:
        product = exchange.product(name)
        found = _page(product, exchange.now_us())
        answer = jsonify([wire.rest_trade(trade) for trade in found])
        if found:
            answer.headers["CB-BEFORE"], answer.headers["CB-AFTER"] = str(found[0].id), str(found[-1].id)
        return answer

    all_candles = {name: Candles(product) for name, product in exchange.products.items()}

    @api.get("/<name>/candles")
    def candles(name: str) -> Response:
        exchange.product(name)  # there is one
        now_us = exchange.now_us()
        found = all_candles[name].between(*_span(now_us // 1_000_000), now_us)
        return Response(f"[{', '.join(candle.to_json() for candle in found)}]", mimetype="application/json")

    return api


def _span(now_s: int) -> tuple[int, int]:
    """Return the first and the last minute asked for; without a word, the newest 300."""
    if request.args.get("granularity", "60") != "60":
        raise RequestError("Unsupported granularity")
    last_s = min(_time("end", now_s), now_s) // MINUTE_S * MINUTE_S
    first_s = -(-_time("start", last_s - (MOST_CANDLES - 1) * MINUTE_S) // MINUTE_S) * MINUTE_S
    if last_s - first_s >= MOST_CANDLES * MINUTE_S:
        raise RequestError(
            "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
        )
    return first_s, last_s


def _time(name: str, default: int) -> int:
    """Return a time in seconds since 1970, given as such or in ISO 8601."""
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return int(text) if text.isdecimal() else int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise RequestError(f"{name} is not a valid time") from None


def _page(product: Product, now_us: int) -> list[Trade]:
    """Return the newest trades between the cursors, newest first.

    As on Coinbase, `after` asks for ids below it, `before` for ids above it, and a page is filled from its newest end.
    """
    limit = min(_number("limit", LARGEST_PAGE) or LARGEST_PAGE, LARGEST_PAGE)
    oldest_n, made, first_id = product.answerable(now_us)
    end_n = min(made, _number("after", first_id + made - oldest_n) - first_id + oldest_n)
    start_n = max(oldest_n, _number("before", 0) + 1 - first_id + oldest_n)
    found: list[Trade] = []
    for n in range(end_n - 1, start_n - 1, -1):
        if len(found) == limit:
            break
        if not product.is_forgotten(product.id_of(n)):
            found.append(product.trade(n))
    return found


def _number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise RequestError(f"Invalid {name}")
    return int(text)
