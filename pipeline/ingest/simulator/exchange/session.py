"""One client's feed: what it subscribed to, how far it got, and what goes wrong on its way; without a socket."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from pipeline.ingest.simulator.exchange import wire
from pipeline.ingest.simulator.exchange.dialects import Dialect, RefusedError, read_message, spoken
from pipeline.ingest.simulator.exchange.injected import (
    DISCONNECT,
    DROP,
    HALF,
    REORDER,
    REPEAT,
    SAY,
    SILENCE,
    Injected,
)
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.mischief import LINK_FAULTS, PLANNED_SECONDS, Mischief, Order
from pipeline.ingest.simulator.exchange.trades import Trade, mixed

CHUNK_US = 100_000  # a feed that lags, as its client reads slowly, catches up in steps of this length
BEAT_US = 1_000_000
HELD_US = (50_000, 800_000)  # how long a trade that is out of order is held back
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.1  # trades of one pause go out together; orders are seen after it


@dataclass(frozen=True)
class Feed:
    """What all sessions share."""

    exchange: Exchange
    mischief: Mischief
    injected: Injected


class Session:
    """A client's feed; `closing` is set once it is to end."""

    def __init__(self, feed: Feed) -> None:
        self.closing: Order | None = None
        self._feed = feed
        self._dialect: Dialect | None = None
        self._channels: dict[str, list[str]] = {}
        self._next: dict[str, int] = {}  # by product: number of the trade to come
        self._clock_us = 0  # trades up to here were dealt with
        self._beat_us = 0  # when the next heartbeat is due
        self._silent_until_us = 0
        self._held: list[tuple[int, int, Trade, str]] = []
        self._orders_seen = len(feed.mischief.links)

    def command(self, text: str | bytes, now_us: int) -> list[bytes]:
        """Answer a client's message; one that is refused changes nothing."""
        try:
            message = read_message(text)
            dialect = self._dialect or spoken(message)
            wanted = dialect.wanted(message)
            self._check(wanted, dialect)
        except RefusedError as refusal:
            return [wire.error(*refusal.args)]
        if self._dialect is None:
            self._dialect, self._clock_us, self._beat_us = dialect, now_us, now_us + BEAT_US
        if message["type"] == "unsubscribe":
            return self._unsubscribe(dialect, wanted, now_us)
        return self._subscribe(dialect, wanted, now_us)

    def step(self, now_us: int) -> list[bytes]:
        """Return the frames that are due."""
        if self._dialect is None or self.closing:
            return []
        if self._silent_until_us:
            if now_us < self._silent_until_us:
                return []
            self._end_silence(now_us)
        frames = self._obey(self._dialect, now_us)
        if not frames and not self._silent_until_us and not self.closing:
            frames = self._trade_frames(self._dialect, now_us)
        if now_us >= self._beat_us and not self._silent_until_us and not self.closing:
            frames += self._beats(self._dialect, now_us)
        return frames

    def pause_s(self, now_us: int) -> float:
        """Return how long nothing is due, in seconds."""
        if self._clock_us < now_us - CHUNK_US and self._dialect and not self._silent_until_us:
            return 0
        products = self._feed.exchange.products
        coming = (products[name].state.pace.next_us(now_us) for name in self._next)
        soonest = min((time_us for time_us in coming if time_us is not None), default=now_us + BEAT_US)
        return min(max((soonest - now_us) / 1e6, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)

    def ended(self) -> None:
        """Note what was held back for later and now never comes."""
        for _, _, trade, kind in self._held:
            if kind == REORDER:
                self._feed.injected.withheld(trade.product, trade.n, trade.n, DISCONNECT)
        self._held.clear()

    def _check(self, wanted: dict[str, list[str]], dialect: Dialect) -> None:
        for channel, names in wanted.items():
            if channel not in {dialect.trades_channel, dialect.beats_channel}:
                raise RefusedError("Failed to subscribe", f"{channel} is not a valid channel")
            for name in names:
                if name not in self._feed.exchange.products:
                    raise RefusedError("Failed to subscribe", f"{name} is not a valid product")

    def _subscribe(self, dialect: Dialect, wanted: dict[str, list[str]], now_us: int) -> list[bytes]:
        for channel, names in wanted.items():
            self._channels[channel] = list(dict.fromkeys([*self._channels.get(channel, []), *names]))
        answer = dialect.subscribed(self._channels, now_us)
        added = [name for name in wanted.get(dialect.trades_channel, []) if name not in self._next]
        return [answer, *(self._open(dialect, name, now_us) for name in added)]

    def _open(self, dialect: Dialect, name: str, now_us: int) -> bytes:
        product = self._feed.exchange.products[name]
        made = product.made(now_us)
        first = max(made - dialect.opening, 0)
        self._next[name] = made
        self._feed.injected.opened(product, first, made - 1)
        return dialect.first_trades([product.trade(n) for n in range(first, made)], now_us)

    def _unsubscribe(self, dialect: Dialect, wanted: dict[str, list[str]], now_us: int) -> list[bytes]:
        for channel, names in wanted.items():
            left = [name for name in self._channels.get(channel, []) if name not in names]
            self._channels[channel] = left
            if not left:
                del self._channels[channel]
        for name in wanted.get(dialect.trades_channel, []):
            self._next.pop(name, None)
        return [dialect.subscribed(self._channels, now_us)]

    def _obey(self, dialect: Dialect, now_us: int) -> list[bytes]:
        """Say what was ordered since the last step, begin the silences and disconnections."""
        orders = self._feed.mischief.links[self._orders_seen :]
        self._orders_seen += len(orders)
        frames = []
        for order in orders:
            if order.kind == SAY:
                self._feed.injected.link(SAY, now_us, 0)
                frames.append(order.text.encode())
            else:
                frames += self._break_off(dialect, order, now_us)
        return frames

    def _break_off(self, dialect: Dialect, order: Order, now_us: int) -> list[bytes]:
        """Begin a silence, or the end of the connection; what was held back comes before."""
        held, self._held = [trade for _, _, trade, _ in sorted(self._held)], []
        until_us = now_us + int(order.seconds * 1e6)
        self._feed.injected.link(order.kind, now_us, order.seconds)
        if order.kind == SILENCE:
            self._silent_until_us = until_us
        else:
            self._feed.mischief.closed_until_us = max(self._feed.mischief.closed_until_us, until_us)
            self.closing = order
        return dialect.trades(held, now_us)

    def _end_silence(self, now_us: int) -> None:
        """Go on with what is traded from now on."""
        self._silent_until_us, self._clock_us = 0, now_us
        for name, n in self._next.items():
            made = self._feed.exchange.products[name].made(now_us)
            if made > n:
                self._feed.injected.withheld(name, n, made - 1, SILENCE)
                self._advance(name, made)

    def _trade_frames(self, dialect: Dialect, now_us: int) -> list[bytes]:
        up_to_us = min(now_us, self._clock_us + CHUNK_US)
        due = self._due(up_to_us)
        self._clock_us = up_to_us
        if self._feed.mischief.idle and not self._held:
            for trade in due:
                self._next[trade.product] = trade.n + 1
            frames = dialect.trades(due, now_us)
        else:
            frames = self._disturbed(dialect, due, now_us)
        for name, n in self._next.items():
            self._feed.injected.offered(name, n - 1)
        return frames

    def _due(self, up_to_us: int) -> list[Trade]:
        products = self._feed.exchange.products
        trades = []
        for name, n in self._next.items():
            product = products[name]
            trades += [product.trade(number) for number in range(n, product.made(up_to_us))]
        trades.sort(key=_by_time)
        return trades

    def _disturbed(self, dialect: Dialect, due: list[Trade], now_us: int) -> list[bytes]:
        """Return the frames of trades to which things happen, each on its own."""
        frames: list[bytes] = []
        for trade in due:
            self._advance(trade.product, trade.n + 1)
            kind = self._feed.mischief.fate(trade)
            if kind in LINK_FAULTS:
                frames += dialect.trades([trade], now_us)
                return frames + self._break_off(dialect, Order(kind, seconds=PLANNED_SECONDS[kind]), now_us)
            frames += self._befallen(dialect, trade, kind, now_us)
        while self._held and self._held[0][0] <= now_us:
            frames += dialect.trades([heapq.heappop(self._held)[2]], now_us)
        return frames

    def _befallen(self, dialect: Dialect, trade: Trade, kind: str | None, now_us: int) -> list[bytes]:
        """Return the frames of a trade after one fault, and note it."""
        if kind in {DROP, HALF}:
            self._feed.injected.withheld(trade.product, trade.n, trade.n, kind or DROP)
        if kind is not None and kind != DROP:
            self._feed.injected.noted(kind, trade.product, trade.id)
        if kind in {REORDER, REPEAT}:
            self._hold(trade, kind or REORDER, now_us)
        if kind in {DROP, REORDER}:
            return []
        frames = dialect.trades([trade], now_us)
        return [frame[: len(frame) // 2] for frame in frames] if kind == HALF else frames

    def _hold(self, trade: Trade, kind: str, now_us: int) -> None:
        shortest, longest = HELD_US
        due_us = now_us + shortest + mixed(trade.dice) % (longest - shortest)
        heapq.heappush(self._held, (due_us, trade.n, trade, kind))

    def _advance(self, name: str, n: int) -> None:
        self._next[name] = n
        self._feed.injected.offered(name, n - 1)

    def _beats(self, dialect: Dialect, now_us: int) -> list[bytes]:
        self._beat_us = now_us + BEAT_US
        if dialect.beats_channel not in self._channels:
            return []
        products = [self._feed.exchange.products[name] for name in self._channels[dialect.beats_channel]]
        newest = [product.trade(self._next.get(product.name, product.made(now_us)) - 1) for product in products]
        return dialect.beats(newest, now_us)


def _by_time(trade: Trade) -> int:
    return trade.time_us
