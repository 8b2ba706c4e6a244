"""A product's trades as a series of prices, the tables that hold them, and by brute force the alerts they must have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipeline.events.trades import Alert
from pipeline.settings.alerts import AlertRule
from pipeline.stream.gold.move_detector import MoveDetector, Raised
from pipeline.stream.gold.price_moves import CRASH, SURGE
from pipeline.stream.gold.stretches import Stretch
from pipeline.stream.silver.trades.extremes import Extremes

START = datetime(2026, 1, 13, 12)
END = datetime(2100, 1, 1)
NOW = datetime(2026, 1, 13, 13, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Paid:
    """A trade: when, in ms after START, and at what price."""

    ms: int
    price: int
    product: str = "BTC-USD"

    @property
    def time(self) -> datetime:
        """When it was traded; naive, UTC."""
        return START + timedelta(milliseconds=self.ms)


@dataclass(frozen=True, order=True)
class Crossing:
    """A move that some rule calls an alert."""

    time: datetime
    kind: str
    window_s: int
    reference: Decimal
    price: Decimal


def seconds_of(trades: Iterable[Paid]) -> list[Extremes]:
    """Return the extremes of each second, each at its first time."""
    groups: defaultdict[tuple[str, datetime], list[Paid]] = defaultdict(list)
    for trade in trades:
        groups[trade.product, trade.time.replace(microsecond=0)].append(trade)
    found = []
    for (product, second), group in sorted(groups.items()):
        low = min(group, key=lambda trade: (trade.price, trade.ms))
        high = min(group, key=lambda trade: (-trade.price, trade.ms))
        prices = (Decimal(low.price), low.time, Decimal(high.price), high.time)
        found.append(Extremes("coinbase", product, second, *prices))
    return found


def crossings(trades: Iterable[Paid], rules: Iterable[AlertRule]) -> Iterator[Crossing]:
    """Yield each move of one product's series, by second and window: every price compared with every earlier one."""
    seconds = seconds_of(trades)
    for each in seconds:
        for rule in sorted(rules, key=lambda rule: rule.window_s):
            for kind, price, time in ((CRASH, each.low, each.low_time), (SURGE, each.high, each.high_time)):
                start = time - timedelta(seconds=rule.window_s)
                if kind == CRASH:
                    earlier = [past.high for past in seconds if start <= past.high_time < time]
                else:
                    earlier = [past.low for past in seconds if start <= past.low_time < time]
                if earlier:
                    reference = max(earlier) if kind == CRASH else min(earlier)
                    percent = (price - reference) / reference * 100
                    if (-percent if kind == CRASH else percent) >= rule.percent:
                        yield Crossing(time, kind, rule.window_s, reference, price)


def earliest(found: Iterable[Crossing], cooldown_s: int) -> list[Crossing]:
    """Return the alerts of prices that arrive in order: each crossing that no earlier alert's cool-down covers."""
    raised: list[Crossing] = []
    for move in found:
        near = (
            abs(move.time - other.time).total_seconds() <= cooldown_s for other in raised if other.kind == move.kind
        )
        if not any(near):
            raised.append(move)
    return sorted(raised)


@dataclass
class Tables:
    """The trades and alerts that are written, and a detector that a process has on them."""

    rules: tuple[AlertRule, ...]
    cooldown_s: int
    trades: list[Paid] = field(default_factory=list)
    raised: list[Alert] = field(default_factory=list)
    reads: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def extremes(self, stretches: Collection[Stretch]) -> list[Extremes]:
        """Return the stretches' seconds."""
        self.reads += 1
        return [
            each
            for each in seconds_of(self.trades)
            if any(s.product[1] == each.product_id and s.start <= each.second <= s.end for s in stretches)
        ]

    def alerts(self, stretches: Collection[Stretch]) -> list[Raised]:
        """Return the alerts within the stretches."""
        raised = [(a.source, a.product_id, a.alert_type, a.triggered_at.replace(tzinfo=None)) for a in self.raised]
        return [key for key in raised if any(s.product == key[:2] and s.start <= key[3] <= s.end for s in stretches)]

    def restart(self) -> None:
        """Load a new detector, as a new process does."""
        self.detector = MoveDetector(self.rules, self.cooldown_s, self)
        if not self.trades:
            return
        since = max(trade.time for trade in self.trades).replace(microsecond=0) - self.detector.reach
        self.detector = MoveDetector(self.rules, self.cooldown_s, self, since)
        products = {("coinbase", trade.product) for trade in self.trades}
        everything = [Stretch(since, END, product) for product in products]
        alerts_since = since - timedelta(seconds=self.cooldown_s)
        raised = self.alerts([Stretch(alerts_since, END, product) for product in products])
        self.detector.remember(self.extremes(everything), raised)
        self.reads = 0

    def write(self, batch: Collection[Paid], *, crash: bool = False) -> None:
        """Write a batch as the stream does; with `crash` it ends before the alerts are written, and is run again."""
        self.trades += batch
        alerts = self.detector.detect(seconds_of(batch), NOW)
        if crash:
            self.restart()
            alerts = self.detector.detect(seconds_of(batch), NOW)
        self.raised += alerts

    def found(self, product: str = "BTC-USD") -> list[Crossing]:
        """Return a product's alerts, sorted."""
        return sorted(
            Crossing(a.triggered_at.replace(tzinfo=None), a.alert_type, a.window_s, a.reference_price, a.price)
            for a in self.raised
            if a.product_id == product
        )
