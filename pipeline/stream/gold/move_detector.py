"""Which sudden moves become alerts: a function of the prices, whatever the batches, restarts and late fills.

A batch changes seconds. A changed second can make a move of itself and of every second that has it in its window, so
all of these are judged, each with its whole window. What memory no longer holds is read from the tables. Therefore:

- each move of the prices that are in the table lies within the cool-down of an alert of its product and type;
- no two alerts of a product and type lie within the cool-down;
- prices that arrive in order raise the earliest alerts that these two allow.

An alert that was raised stays: a trade that comes late raises another one only outside of its cool-down.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.trades import Alert
from pipeline.settings.alerts import AlertRule
from pipeline.stream.gold.price_moves import Move, find_moves
from pipeline.stream.gold.stretches import Product, Stretch, around, parts, pieces
from pipeline.stream.silver.trades.extremes import Extremes

LATE = timedelta(seconds=120)  # a trade that is late by less, as one fetched after a reconnect is, costs no read
SECOND = timedelta(seconds=1)
SIX_PLACES = Decimal("0.000001")
BEGINNING = datetime.fromisoformat("1970-01-01")  # before any trade

Raised = tuple[str, str, str, datetime]
"""Source, product, type and triggered_at (naive, UTC) of an alert."""


class History(Protocol):
    """What the tables hold: all trades of this batch and of those before it, the alerts of those before it."""

    def extremes(self, stretches: Collection[Stretch]) -> Iterable[Extremes]:
        """Return the seconds of some products' stretches; more than that does no harm."""

    def alerts(self, stretches: Collection[Stretch]) -> Iterable[Raised]:
        """Return the alerts triggered within the stretches."""


@dataclass
class _Memory:
    """A product's seconds, all of them from `complete_from` on, and its alerts by type."""

    complete_from: datetime
    seconds: dict[datetime, Extremes] = field(default_factory=dict)
    raised: defaultdict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))

    def is_news(self, move: Move, cooldown: timedelta) -> bool:
        """Return whether no alert of the move's type lies within the cool-down before or after it."""
        return all(abs(move.found.time - raised) > cooldown for raised in self.raised[move.kind])

    def drop_old_seconds(self) -> None:
        """Forget the seconds before `complete_from`."""
        for second in [second for second in self.seconds if second < self.complete_from]:
            del self.seconds[second]


class MoveDetector:
    """Remembers each product's newest seconds and alerts, from `since` on; asks the history for what is older."""

    def __init__(
        self, rules: Iterable[AlertRule], cooldown_s: int, history: History, since: datetime = BEGINNING
    ) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.window_s)
        self._cooldown = timedelta(seconds=cooldown_s)
        self._longest = timedelta(seconds=max((rule.window_s for rule in self._rules), default=0))
        self._history = history
        self._products: defaultdict[Product, _Memory] = defaultdict(lambda: _Memory(since))

    @property
    def reach(self) -> timedelta:
        """How much of each product's newest seconds is remembered."""
        return self._longest + LATE

    def remember(self, extremes: Iterable[Extremes], alerts: Iterable[Raised] = ()) -> dict[Product, set[datetime]]:
        """Add prices without judging them, and alerts; return the prices' seconds by product."""
        touched: defaultdict[Product, set[datetime]] = defaultdict(set)
        for each in extremes:
            product = each.source, each.product_id
            seconds = self._products[product].seconds
            seconds[each.second] = each.merged(seconds.get(each.second, each))
            touched[product].add(each.second)
        for source, product_id, kind, triggered_at in alerts:
            self._products[source, product_id].raised[kind].add(triggered_at)
        return touched

    def detect(self, extremes: Iterable[Extremes], now: datetime) -> list[Alert]:
        """Return the alerts that a batch raises; the table holds its prices already, and `now` is aware, UTC."""
        if not self._rules:
            return []
        touched = self.remember(extremes)
        changed = [part for product, seconds in touched.items() for part in around(product, seconds, self._longest)]
        alerts = list(self._judge_late([part for part in changed if self._is_late(part)], now))
        alerts += self._judge([part for part in changed if not self._is_late(part)], now)
        for product in touched:
            self._forget(self._products[product])
        return sorted(alerts, key=lambda alert: (alert.triggered_at, alert.alert_id))

    def _is_late(self, stretch: Stretch) -> bool:
        return stretch.start < self._products[stretch.product].complete_from + self._longest

    def _judge_late(self, stretches: Iterable[Stretch], now: datetime) -> Iterator[Alert]:
        """Judge stretches that memory does not hold whole, a part at a time, each read from the tables."""
        for part in parts(pieces(stretches)):
            wanted = [piece.widened(self._longest, timedelta(0)) for piece in part]
            near = [piece.widened(self._cooldown, self._cooldown + SECOND) for piece in part]
            self.remember(self._history.extremes(wanted), self._history.alerts(near))
            yield from self._judge(part, now)
            for product in {piece.product for piece in part}:
                self._products[product].drop_old_seconds()

    def _judge(self, stretches: Iterable[Stretch], now: datetime) -> Iterator[Alert]:
        """Judge stretches, those of a product in the order of time, that memory holds with the windows before them."""
        orders: dict[Product, list[datetime]] = {}
        for stretch in stretches:
            memory = self._products[stretch.product]
            if stretch.product not in orders:
                orders[stretch.product] = sorted(memory.seconds)
            order = orders[stretch.product]
            begin, end = bisect_left(order, stretch.start - self._longest), bisect_right(order, stretch.end)
            seconds = [memory.seconds[second] for second in order[begin:end]]
            for move in find_moves(seconds, self._rules, stretch.start):
                if memory.is_news(move, self._cooldown):
                    memory.raised[move.kind].add(move.found.time)
                    yield to_alert(stretch.product, move, now)

    def _forget(self, memory: _Memory) -> None:
        if memory.seconds:
            memory.complete_from = max(memory.complete_from, max(memory.seconds) - self.reach)
        memory.drop_old_seconds()
        for kind, raised in memory.raised.items():
            memory.raised[kind] = {time for time in raised if time + self._cooldown >= memory.complete_from}


def to_alert(product: Product, move: Move, now: datetime) -> Alert:
    """Return the alert of a move, detected `now`."""
    source, product_id = product
    time = move.found.time.replace(tzinfo=UTC)
    return Alert(
        alert_id=f"{source}:{product_id}:{move.kind}:{epoch_ms(time)}",
        alert_type=move.kind,
        source=source,
        product_id=product_id,
        window_s=move.rule.window_s,
        move_pct=move.percent.quantize(SIX_PLACES),
        reference_price=move.reference.price,
        reference_time=move.reference.time.replace(tzinfo=UTC),
        price=move.found.price,
        triggered_at=time,
        detected_at=now,
    )
