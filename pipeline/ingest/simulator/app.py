"""The simulator as a Flask app: CoinGecko's calls, Coinbase's, and those that make both misbehave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from pipeline.ingest.simulator.coingecko_api import Market, coingecko_api, tier_api
from pipeline.ingest.simulator.coins import KNOWN, choose
from pipeline.ingest.simulator.exchange.control_api import control_api
from pipeline.ingest.simulator.exchange.rest_api import rest_api
from pipeline.ingest.simulator.exchange.session import Feed
from pipeline.ingest.simulator.faults import FaultBox, fault_api
from pipeline.ingest.simulator.prices import PriceModel

MARKETS = ("/api/", "/products/")  # the calls that fail on demand
HEADER = "X-Coinlake-Simulator"  # tells every client, and through it every row, that nothing here is real


def create_simulator(
    seed: int,
    clock: Callable[[], float] = time.time,
    coins: Iterable[str] = tuple(KNOWN),
    tier: str = "pro",
    feed: Feed | None = None,
) -> Flask:
    """Return the app; `clock` gives seconds since 1970, `tier` is the kind of key that every caller seems to have.

    `feed` is the simulated exchange; without one, there are no trades.
    """
    app = Flask("coinlake-simulator", static_folder=None)
    market = Market(PriceModel(seed, choose(coins)), clock, tier)
    faults = FaultBox()
    for blueprint in (coingecko_api(market), fault_api(faults), tier_api(market)):
        app.register_blueprint(blueprint)
    if feed is not None:
        app.register_blueprint(rest_api(feed.exchange))
        app.register_blueprint(control_api(feed))

    @app.before_request
    def fail_on_demand() -> Response | None:
        fault = faults.take(request.path) if request.path.startswith(MARKETS) else None
        return fault.response() if fault else None

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers[HEADER] = "1"
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> ResponseReturnValue:
        return error.response or (jsonify(error=error.description), error.code or 500)

    return app
