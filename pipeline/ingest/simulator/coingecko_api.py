"""CoinGecko's REST shape on simulated prices: the calls that Coinlake and its users make, and its ways to refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import numpy as np
from flask import Blueprint, abort, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from pipeline.ingest.simulator.chart import chart_times
from pipeline.ingest.simulator.coins import SimulatedCoin
from pipeline.ingest.simulator.faults import key_error
from pipeline.ingest.simulator.ohlc import DAYS, candles
from pipeline.ingest.simulator.prices import DAY_MS, PriceModel, Times, Values

PUBLIC_REACH_MS = 365 * DAY_MS
TIERS = ("keyless", "demo", "pro")
PRICE_FLAGS = {
    "include_market_cap": "usd_market_cap",
    "include_24hr_vol": "usd_24h_vol",
    "include_last_updated_at": "last_updated_at",
}


@dataclass
class Market:
    """What the calls answer from; `tier` says which kind of key to play: the public ones reach back 365 days."""

    model: PriceModel
    clock: Callable[[], float]  # seconds since 1970
    tier: str = "pro"

    def now_ms(self) -> int:
        """Return the current time in ms since 1970."""
        return int(self.clock() * 1000)

    def coin(self, coin_id: str) -> SimulatedCoin:
        """Return a coin, or answer 404 as CoinGecko does."""
        return self.model.coins.get(coin_id) or refuse(404, "coin not found")

    def current(self, coin_id: str) -> dict[str, Any]:
        """Return the prices of this second."""
        seconds = self.now_ms() // 1000
        times = np.array([seconds * 1000], dtype=np.int64)
        return {
            "usd": float(self.model.prices(coin_id, times)[0]),
            "usd_market_cap": float(self.model.market_caps(coin_id, times)[0]),
            "usd_24h_vol": float(self.model.volumes(coin_id, times)[0]),
            "last_updated_at": seconds,
        }


def refuse(status: int, message: str) -> NoReturn:
    """Answer with CoinGecko's short error body."""
    abort(make_response(jsonify(error=message), status))


def coingecko_api(market: Market) -> Blueprint:
    """Return the calls below /api/v3."""
    api = Blueprint("coingecko", __name__, url_prefix="/api/v3")

    @api.get("/ping")
    def ping() -> ResponseReturnValue:
        return jsonify(gecko_says="(V3) To the Moon!")

    @api.get("/coins/list")
    def coins_list() -> ResponseReturnValue:
        return jsonify([{"id": c.id, "symbol": c.symbol, "name": c.name} for c in market.model.coins.values()])

    @api.get("/simple/price")
    def simple_price() -> ResponseReturnValue:
        asked = [coin.strip() for coin in _parameter("ids").split(",")]
        _check_currency("vs_currencies")
        wanted = {"usd"} | {field for flag, field in PRICE_FLAGS.items() if request.args.get(flag) == "true"}
        entries = {coin: market.current(coin) for coin in asked if coin in market.model.coins}
        return jsonify({coin: {k: v for k, v in entry.items() if k in wanted} for coin, entry in entries.items()})

    @api.get("/coins/<coin_id>")
    def coin(coin_id: str) -> ResponseReturnValue:
        return jsonify(_coin_page(market, market.coin(coin_id)))

    @api.get("/coins/<coin_id>/market_chart/range")
    def market_chart_range(coin_id: str) -> ResponseReturnValue:
        simulated = market.coin(coin_id)
        _check_currency("vs_currency")
        start, end, now = _moment("from"), _moment("to"), market.now_ms()
        if start > end:
            refuse(422, "from is after to")
        if market.tier != "pro" and start < now - PUBLIC_REACH_MS:
            return jsonify(key_error(10012)), 401
        times, live = chart_times(start, end, now)
        return jsonify(_chart(market.model, coin_id, times[times >= simulated.start_ms], live))

    @api.get("/coins/<coin_id>/ohlc")
    def ohlc(coin_id: str) -> ResponseReturnValue:
        simulated = market.coin(coin_id)
        _check_currency("vs_currency")
        days = _days()
        if market.tier != "pro" and (days is None or days * DAY_MS > PUBLIC_REACH_MS):
            return jsonify(key_error(10012)), 401
        return jsonify(candles(market.model, simulated, days, market.now_ms()))

    return api


def tier_api(market: Market) -> Blueprint:
    """Return the admin path that chooses the kind of key to play: POST {"tier": "demo"}."""
    api = Blueprint("tier", __name__)

    @api.post("/_simulator/tier")
    def choose() -> ResponseReturnValue:
        given = request.get_json()
        if not isinstance(given, dict) or given.get("tier") not in TIERS:
            return jsonify(error=f"tier is one of {', '.join(TIERS)}"), 400
        market.tier = given["tier"]
        return jsonify(tier=market.tier)

    return api


def _chart(model: PriceModel, coin_id: str, times: Times, live: bool) -> dict[str, Any]:
    """Return the three series; the live point has no market cap, for CoinGecko's series differ in length, too."""
    settled = times[:-1] if live else times
    return {
        "prices": _pairs(times, model.prices(coin_id, times)),
        "market_caps": _pairs(settled, model.market_caps(coin_id, settled)),
        "total_volumes": _pairs(times, model.volumes(coin_id, times)),
    }


def _pairs(times: Times, values: Values) -> list[tuple[int, float]]:
    return list(zip(times.tolist(), values.tolist(), strict=True))


def _coin_page(market: Market, coin: SimulatedCoin) -> dict[str, Any]:
    current = market.current(coin.id)
    return {
        "id": coin.id,
        "symbol": coin.symbol,
        "name": coin.name,
        "genesis_date": coin.anchors[0][0],
        "market_data": {
            "current_price": {"usd": current["usd"]},
            "market_cap": {"usd": current["usd_market_cap"]},
            "total_volume": {"usd": current["usd_24h_vol"]},
        },
        "last_updated": f"{datetime.fromtimestamp(current['last_updated_at'], UTC):%Y-%m-%dT%H:%M:%S.000Z}",
    }


def _parameter(name: str) -> str:
    return request.args.get(name) or refuse(422, f"Missing parameter {name}")


def _check_currency(name: str) -> None:
    if _parameter(name) != "usd":
        refuse(422, "invalid vs_currency")


def _days() -> int | None:
    """Read how many days of candles are wanted; None stands for all of them."""
    text = _parameter("days")
    if text == "max":
        return None
    return int(text) if text in map(str, DAYS) else refuse(422, "invalid days")


def _moment(name: str) -> int:
    """Read a time, seconds since 1970 or an ISO date, as ms since 1970."""
    text = _parameter(name)
    try:
        return int(text) * 1000 if text.isdecimal() else int(_iso(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        refuse(422, f"invalid {name}")


def _iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
