"""The exchange whose trades are taken: its WebSocket and its REST API as one object.

A gap in the trades of one exchange must never be asked of another, since both number their trades. So an address of
an exchange exists only within a `TradeMarket`, and only `read_exchange` makes those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.errors import SettingsError
from pipeline.markets import COINBASE, LIVE, SIMULATOR, same_server
from pipeline.settings import values as parse
from pipeline.settings.values import Reader

FEED_URLS: Mapping[str, str] = {
    "exchange": "wss://ws-feed.exchange.coinbase.com",
    "advanced": "wss://advanced-trade-ws.coinbase.com",
}
REST_URL = "https://api.exchange.coinbase.com"


@dataclass(frozen=True)
class TradeMarket:
    """One exchange: the trades of its WebSocket and of its REST API are numbered alike and carry the same `source`."""

    kind: str  # live or simulator
    source: str
    ws_url: str
    rest_url: str | None  # None: unknown, so gaps are recorded and stay open


@dataclass(frozen=True)
class Exchange:
    """The exchanges to choose from, and which protocol their feed speaks."""

    feed: str  # a key of FEED_URLS
    live: TradeMarket
    simulator: TradeMarket
    named: TradeMarket | None  # the one whose address COINBASE_WS_URL gives
    candles_url: str  # where the daily candles of the history are read

    def market(self, kind: str) -> TradeMarket:
        """Return the market of a kind."""
        return self.simulator if kind == SIMULATOR else self.live


def read_exchange(reader: Reader, simulator_at: str, simulator_feed_at: str) -> Exchange:
    """Read the exchange's settings; `HOST:PORT` of the simulator's REST API and feed are given.

    Raises:
        SettingsError: the two addresses belong to different markets, one of which is the simulator.
    """
    feed = reader.get("COINBASE_FEED", "exchange", parse.one_of(*FEED_URLS))
    ws_url = reader.get("COINBASE_WS_URL", "", parse.optional_ws_url)
    rest_url = reader.get("COINBASE_REST_URL", "", parse.optional_http_url)
    simulator = TradeMarket(SIMULATOR, SIMULATOR, f"ws://{simulator_feed_at}", f"http://{simulator_at}")
    own = TradeMarket(LIVE, COINBASE, FEED_URLS[feed], REST_URL)
    is_simulated = same_server(ws_url, simulator.ws_url)
    _refuse_mixture(rest_url, is_simulated=is_simulated, simulator=simulator)
    named = None
    if is_simulated:
        named = simulator
    elif ws_url:
        known = REST_URL if ws_url in FEED_URLS.values() else None
        named = TradeMarket(LIVE, COINBASE, ws_url, rest_url or known)
    live = named if named is not None and named.kind == LIVE else own
    return Exchange(feed, live, simulator, named, candles_url=rest_url or REST_URL)


def _refuse_mixture(rest_url: str, *, is_simulated: bool, simulator: TradeMarket) -> None:
    if not rest_url or same_server(rest_url, str(simulator.rest_url)) == is_simulated:
        return
    expected = (
        f"{simulator.rest_url} or nothing, because COINBASE_WS_URL is the simulator's address"
        if is_simulated
        else f"the exchange of COINBASE_WS_URL, not the simulator (whose feed is {simulator.ws_url})"
    )
    raise SettingsError("COINBASE_REST_URL", rest_url, expected)
