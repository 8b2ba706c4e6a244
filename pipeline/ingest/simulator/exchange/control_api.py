"""The face by which tests and people order what the exchange does, and read what it did, below /simulator/exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.mischief import Order, Plan
from pipeline.ingest.simulator.exchange.session import Feed


def control_api(feed: Feed) -> Blueprint:
    """Return the calls; each order answers with the exchange's state."""
    api = Blueprint("exchange", __name__, url_prefix="/simulator/exchange")
    exchange, mischief = feed.exchange, feed.mischief

    @api.errorhandler(RequestError)
    def refuse(error: RequestError) -> ResponseReturnValue:
        return jsonify(error=str(error)), error.status

    @api.get("")
    def state() -> Response:
        return jsonify(exchange.state() | {"plan": asdict(mischief.plan), "orders_waiting": mischief.waiting()})

    @api.get("/injected")
    def injected() -> Response:
        return jsonify(feed.injected.to_json())

    @api.post("/faults")
    def fault() -> Response:
        given = _given("kind", "product", "count", "seconds", "cut", "text", "times")
        times = given.pop("times", 1)
        if type(times) is not int or not 1 <= times <= 10_000:
            raise RequestError("times is a whole number from 1 to 10000")
        order = Order(**{"kind": None} | given)
        exchange.chosen(order.product)
        for _ in range(times):
            mischief.order(order)
        return state()

    @api.delete("/faults")
    def clear() -> Response:
        mischief.clear()
        return state()

    @api.put("/plan")
    def plan() -> Response:
        mischief.plan = Plan.of(request.get_json(silent=True))
        return state()

    api.register_blueprint(_market_api(exchange, state))
    return api


def _market_api(exchange: Exchange, state: Callable[[], Response]) -> Blueprint:
    """Return the orders that change what is traded, not how it is told."""
    api = Blueprint("market", __name__)

    @api.post("/rate")
    def rate() -> Response:
        given = _given("rate", "trades")
        trades = given.get("trades")
        if trades is not None and (type(trades) is not int or trades < 0):
            raise RequestError("trades is a whole number")
        exchange.set_rate(_float(given, "rate", 0, 100_000), trades)
        return state()

    @api.post("/move")
    def move() -> Response:
        given = _given("product", "percent", "seconds")
        percent, seconds = _float(given, "percent", -99, 1000), _float(given, "seconds", 0.001, 86_400)
        exchange.move_price(_name(given), percent, seconds)
        return state()

    @api.post("/forget")
    def forget() -> Response:
        given = _given("product", "from", "to")
        exchange.forget(_name(given) or "", _whole(given, "from"), _whole(given, "to"))
        return state()

    @api.post("/restart_ids")
    def restart_ids() -> Response:
        given = _given("product", "first_id")
        exchange.restart_ids(_name(given), _whole({"first_id": 1} | given, "first_id"))
        return state()

    return api


def _given(*known: str) -> dict[str, Any]:
    """Return the object that was sent; raise `RequestError` if it is none or has other fields than the known ones."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not given.keys() <= set(known):
        raise RequestError(f"an object with any of {', '.join(known)} is expected")
    return given


def _name(given: dict[str, Any]) -> str | None:
    name = given.get("product")
    if not isinstance(name, str | None):
        raise RequestError("product is a text")
    return name


def _float(given: dict[str, Any], name: str, low: float, high: float) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"{name} is a number from {low:g} to {high:g}")
    return float(value)


def _whole(given: dict[str, Any], name: str) -> int:
    value = given.get(name)
    if type(value) is not int or value < 0:
        raise RequestError(f"{name} is a whole number")
    return value
