"""What the page shows right now, and what of it has changed since the last update.

Everything is bounded: a section holds the newest value of each key, the tape the newest trades, a line 15 minutes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.page.recent import Point, RecentPrices
from monitor.page.records import CoinPrice, Trade

PRODUCTS, COINS, ALERTS, FAULTS = "products", "coins", "alerts", "faults"
TAPE = 12
"""How many trades the page shows, and the most that an update carries; the update counts all."""
MOST_ALERTS = 20

Update = dict[str, Any]


class Board:
    """The newest state by section and key; any thread may write and read.

    A value of None removes its key. A value that is the same again is no change.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sections: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}
        self._tape: deque[Trade] = deque(maxlen=TAPE)
        self._new_trades: deque[Trade] = deque(maxlen=TAPE)
        self._traded = 0
        self._recent = RecentPrices()

    def clear(self) -> None:
        """Forget everything: nobody watches, and it would be stale for the next who does."""
        with self._lock:
            self._sections, self._changed = {}, {}
            self._begin_feed()

    def put(self, section: str, values: Mapping[str, Any]) -> None:
        """Set some keys of a section."""
        with self._lock:
            self._put(section, values)

    def replace(self, section: str, values: Mapping[str, Any]) -> None:
        """Set a section as a whole: keys that are not given are removed."""
        with self._lock:
            self._put(section, {**dict.fromkeys(self._sections.get(section, ())), **values})

    def begin_feed(self) -> None:
        """Forget trades and lines: the feed reads them again from before the topics' ends."""
        with self._lock:
            self._begin_feed()

    def add_trades(self, trades: Iterable[Trade], kafka_ms: int, *, is_new: bool = True) -> None:
        """Take the trades of a record; those from before the feed began do not count for the rate."""
        with self._lock:
            for trade in trades:
                self._tape.append(trade)
                self._new_trades.append(trade)
                self._traded += is_new
                self._recent.hear([trade.product_id], kafka_ms)
                self._recent.add(trade.product_id, trade.price, trade.traded_ms)
                self._put(PRODUCTS, {trade.product_id: trade})

    def hear(self, product: str, kafka_ms: int) -> None:
        """Note that the feed of a product is alive, though it brought no trade."""
        with self._lock:
            self._recent.hear([product], kafka_ms)

    def add_price(self, price: CoinPrice) -> None:
        """Take a coin's price, unless a newer one is known: a history comes by the same topic."""
        with self._lock:
            known = self._sections.get(COINS, {}).get(price.coin)
            if known is None or known.event_ms <= price.event_ms:
                self._put(COINS, {price.coin: price})

    def add_alerts(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        """Take alerts, each once by its id; the newest are kept."""
        with self._lock:
            self._put(ALERTS, {alert["alert_id"]: alert for alert in alerts})
            known = self._sections.get(ALERTS, {})
            by_age = sorted(known, key=lambda name: known[name]["triggered_ms"], reverse=True)
            self._put(ALERTS, dict.fromkeys(by_age[MOST_ALERTS:]))

    def take(self) -> Update | None:
        """Return what has changed since the last call, None where nothing has."""
        with self._lock:
            points = self._recent.take()
            if not self._changed and not self._new_trades and not points:
                return None
            update: Update = {**self._changed}
            if points:
                update["points"] = points
            if self._new_trades:
                update |= {"trades": list(self._new_trades), "traded": self._traded}
            self._changed, self._traded = {}, 0
            self._new_trades.clear()
            return update

    def whole(self) -> Update:
        """Return everything but the lines."""
        with self._lock:
            sections = {name: dict(values) for name, values in self._sections.items()}
            return {**sections, "trades": list(self._tape)}

    def lines(self) -> Mapping[str, list[Point]]:
        """Return the prices of the last minutes by product."""
        with self._lock:
            return self._recent.lines()

    def _begin_feed(self) -> None:
        self._tape.clear()
        self._new_trades.clear()
        self._traded = 0
        self._recent = RecentPrices()

    def _put(self, section: str, values: Mapping[str, Any]) -> None:
        known = self._sections.setdefault(section, {})
        for key, value in values.items():
            if known.get(key) == value:
                continue
            self._changed.setdefault(section, {})[key] = value
            if value is None:
                known.pop(key, None)
            else:
                known[key] = value
