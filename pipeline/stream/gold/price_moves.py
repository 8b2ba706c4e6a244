"""Sudden moves of a product's price, found from the lowest and highest price of each second; no Spark here.

A price is compared with the extremes before it within each rule's window, by the trades' own times, so that it does
not matter in which batch a trade came. A trade that arrives late is judged at its own time, and is what later trades
are compared with; one older than the longest window is passed over. After an alert there is none of the same product
and type within the cool-down before or after it, by whatever rule: one event, one alert.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.trades import Alert
from pipeline.settings import AlertRule
from pipeline.stream.silver.trades.extremes import Extremes

Priced = tuple[Decimal, datetime]
"""A price and when it was paid (naive, UTC)."""

CRASH, SURGE = "FLASH_CRASH", "PRICE_SURGE"
SIX_PLACES = Decimal("0.000001")


class MoveDetector:
    """Remembers each product's newest seconds and the alerts raised."""

    def __init__(self, rules: Iterable[AlertRule], cooldown_s: int) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.window_s)
        self._cooldown = timedelta(seconds=cooldown_s)
        self._longest = timedelta(seconds=max((rule.window_s for rule in self._rules), default=0) + 1)
        self._seconds: dict[tuple[str, str], dict[datetime, Extremes]] = defaultdict(dict)
        self._raised: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)

    def remember_alert(self, source: str, product_id: str, alert_type: str, triggered_at: datetime) -> None:
        """Take note of an alert (naive, UTC) that a former process raised."""
        self._raised[source, product_id, alert_type].append(triggered_at)

    def remember(self, extremes: Iterable[Extremes]) -> dict[tuple[str, str], list[datetime]]:
        """Take prices in without judging them; return the seconds that are new or changed, by product."""
        touched: dict[tuple[str, str], set[datetime]] = defaultdict(set)
        for each in extremes:
            product = each.source, each.product_id
            seconds = self._seconds[product]
            seconds[each.second] = each.merged(seconds.get(each.second, each))
            touched[product].add(each.second)
        return {product: sorted(seconds) for product, seconds in touched.items()}

    def detect(self, extremes: Iterable[Extremes], now: datetime) -> list[Alert]:
        """Take a batch's prices in and return the alerts they raise; `now` is aware, UTC."""
        touched = self.remember(extremes)
        alerts = [alert for product, new in touched.items() for alert in self._judge(product, new, now)]
        for product in touched:
            self._forget(self._seconds[product])
        return sorted(alerts, key=lambda alert: (alert.triggered_at, alert.alert_id))

    def _judge(self, product: tuple[str, str], new: list[datetime], now: datetime) -> Iterator[Alert]:
        seconds = self._seconds[product]
        order = sorted(seconds)
        history = [seconds[second] for second in order]
        oldest = order[-1] - self._longest if len(order) > len(new) else order[0]
        for second in new:
            if second < oldest:
                continue
            at = bisect_left(order, second)
            for rule in self._rules:
                start = bisect_left(order, second - timedelta(seconds=rule.window_s))
                yield from self._moves(history[start : at + 1], rule, now)

    def _moves(self, window: list[Extremes], rule: AlertRule, now: datetime) -> Iterator[Alert]:
        """Compare the last second's extremes with the earlier ones of the window."""
        last, length = window[-1], timedelta(seconds=rule.window_s)
        highs = [(e.high, e.high_time) for e in window if last.low_time - length <= e.high_time < last.low_time]
        lows = [(e.low, e.low_time) for e in window if last.high_time - length <= e.low_time < last.high_time]
        for kind, references, price, time in (
            (CRASH, max(highs, default=None), last.low, last.low_time),
            (SURGE, min(lows, default=None), last.high, last.high_time),
        ):
            if references is None:
                continue
            move = (price - references[0]) / references[0] * 100
            if (-move if kind == CRASH else move) >= rule.percent and self._is_news(last, kind, time):
                self._raised[last.source, last.product_id, kind].append(time)
                yield _alert(f"{last.source}:{last.product_id}:{kind}", rule, references, (price, time), now)

    def _is_news(self, at: Extremes, kind: str, time: datetime) -> bool:
        raised = self._raised[at.source, at.product_id, kind]
        return all(abs(time - before) > self._cooldown for before in reversed(raised))

    def _forget(self, seconds: dict[datetime, Extremes]) -> None:
        oldest = max(seconds) - self._longest
        for second in [second for second in seconds if second < oldest]:
            del seconds[second]


def _alert(name: str, rule: AlertRule, reference: Priced, found: Priced, now: datetime) -> Alert:
    price, time = found[0], found[1].replace(tzinfo=UTC)
    source, product_id, kind = name.split(":")
    return Alert(
        alert_id=f"{name}:{epoch_ms(time)}",
        alert_type=kind,
        source=source,
        product_id=product_id,
        window_s=rule.window_s,
        move_pct=((price - reference[0]) / reference[0] * 100).quantize(SIX_PLACES),
        reference_price=reference[0],
        reference_time=reference[1].replace(tzinfo=UTC),
        price=price,
        triggered_at=time,
        detected_at=now,
    )
