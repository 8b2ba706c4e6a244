"""What goes wrong with the feed: by plan, as a function of seed, product and trade, or on demand."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import Any

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange.injected import DISCONNECT, DROP, HALF, REORDER, REPEAT, SAY, SILENCE
from pipeline.ingest.simulator.exchange.trades import Trade, mixed

TRADE_FAULTS = (DROP, HALF, REPEAT, REORDER)
LINK_FAULTS = (SILENCE, DISCONNECT)
PLANNED = (*TRADE_FAULTS, *LINK_FAULTS)
KINDS = (*PLANNED, SAY)
LONGEST_RUN = 20  # trades that a planned drop takes at most
APART = 10  # trades of a product between two orders, so that the second makes a gap of its own
PLANNED_SECONDS = {SILENCE: 3.0, DISCONNECT: 0.5}


@dataclass(frozen=True)
class Order:
    """A fault on demand: of the next `count` trades of a product, or of whichever trades next; or of the connections.

    `seconds`: how long a silence lasts, or nobody can connect; connections end without a goodbye if `cut`. `text`: the
    frame to say, whatever it is.
    """

    kind: str
    product: str | None = None
    count: int = 1
    seconds: float = 1.0
    cut: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what comes from outside and makes no sense."""
        if self.kind not in KINDS:
            raise RequestError(f"kind is one of {', '.join(KINDS)}")
        if not isinstance(self.product, str | None) or type(self.count) is not int or self.count < 1:
            raise RequestError("product is a text, count a whole number from 1 on")
        if not isinstance(self.seconds, int | float) or not 0 <= self.seconds <= 3600 or not isinstance(self.cut, bool):
            raise RequestError("seconds is a number up to 3600, cut is true or false")
        if not isinstance(self.text, str) or bool(self.text) != (self.kind == SAY):
            raise RequestError("text is what to say")


@dataclass(frozen=True)
class Plan:
    """How often, per trade, each fault happens by itself: 0.001 is about once in a thousand trades."""

    drop: float = 0
    half: float = 0
    repeat: float = 0
    reorder: float = 0
    silence: float = 0
    disconnect: float = 0

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        shares = [getattr(self, field.name) for field in fields(self)]
        if any(isinstance(share, bool) or not isinstance(share, int | float) or share < 0 for share in shares):
            raise RequestError("each share is a number from 0 to 1")
        if sum(shares) > 1:
            raise RequestError("the shares add up to more than 1")

    @classmethod
    def of(cls, values: Any) -> Plan:  # noqa: ANN401 - whatever JSON came
        """Return the plan that an object of shares states; raise `RequestError` if it cannot be one."""
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or not values.keys() <= known:
            raise RequestError(f"a plan is an object with any of {', '.join(sorted(known))}")
        return cls(**values)

    def fault(self, dice: float) -> str | None:
        """Return what a dice between 0 and 1 stands for."""
        for kind in PLANNED:
            dice -= getattr(self, kind)
            if dice < 0:
                return kind
        return None


class Mischief:
    """Decides the fate of each trade; orders come from the HTTP threads."""

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.links: list[Order] = []  # what is no trade's fault, for each connection that was open at the time
        self.closed_until_us = 0  # nobody can connect before
        self._seed = seed
        self._lock = threading.Lock()
        self._orders: list[Order] = []
        self._running: dict[str, tuple[str, int]] = {}  # by product: the fault under way, and of how many trades more
        self._quiet: defaultdict[str, int] = defaultdict(int)  # by product: trades before the next order

    def order(self, order: Order) -> None:
        """Put an order behind the others."""
        with self._lock:
            (self._orders if order.kind in TRADE_FAULTS else self.links).append(order)

    def waiting(self) -> int:
        """Return how many orders of trades are still to come."""
        with self._lock:
            return len(self._orders) + len(self._running)

    def clear(self) -> None:
        """Forget the plan and the orders that wait."""
        with self._lock:
            self.plan = Plan()
            self._orders.clear()

    @property
    def idle(self) -> bool:
        """Tell whether nothing goes wrong at present."""
        return not (self._orders or self._running) and self.plan == NO_PLAN

    def fate(self, trade: Trade) -> str | None:
        """Return the fault that befalls a trade, or None."""
        with self._lock:
            name = trade.product
            if name in self._running:
                return self._go_on(name)
            if self._quiet[name] > 0:
                self._quiet[name] -= 1
            elif order := self._next_order(name):
                return self._begin(name, order.kind, order.count)
            dice = mixed(trade.dice + self._seed + 1)
            kind = self.plan.fault(dice / 2**64)
            single = kind != DROP or dice & 1
            return (
                None if kind is None else self._begin(name, kind, 1 if single else 2 + (dice >> 1) % (LONGEST_RUN - 1))
            )

    def _begin(self, name: str, kind: str, count: int) -> str:
        self._running[name] = (kind, count)
        return self._go_on(name)

    def _go_on(self, name: str) -> str:
        kind, left = self._running.pop(name)
        if left > 1:
            self._running[name] = (kind, left - 1)
        else:
            self._quiet[name] = APART
        return kind

    def _next_order(self, name: str) -> Order | None:
        for index, order in enumerate(self._orders):
            if order.product in {None, name}:
                return self._orders.pop(index)
        return None


NO_PLAN = Plan()
