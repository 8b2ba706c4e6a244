"""The lines of the last minutes: a price for each second and product, with gaps where the feed was silent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping

SPAN_S = 900
SILENT_MS = 10_000
"""A feed that said nothing for so long was away: its heartbeats come every second."""

Point = tuple[int, float | None]
"""A second since 1970 and the last price in it; None stands where the line is interrupted."""


class RecentPrices:
    """The last `SPAN_S` seconds of each product; not safe for threads, whoever holds it locks."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Point]] = {}
        self._fresh: dict[str, deque[Point]] = {}
        self._heard_ms: dict[str, int] = {}

    def hear(self, products: Iterable[str], kafka_ms: int) -> None:
        """Note that a record came, of these products; a silence before it interrupts their lines."""
        for product in products:
            before = self._heard_ms.get(product, kafka_ms)
            self._heard_ms[product] = max(before, kafka_ms)
            if kafka_ms - before > SILENT_MS and self._lines.get(product):
                self._add(product, (before // 1000 + 1, None))

    def add(self, product: str, price: str, traded_ms: int) -> None:
        """Take the price of a trade; a trade older than the line's end does not change it."""
        line = self._lines.get(product)
        second = traded_ms // 1000
        if line and second < line[-1][0]:
            return
        self._add(product, (second, float(price)))

    def take(self) -> dict[str, list[Point]]:
        """Return the points that came since the last call."""
        fresh, self._fresh = self._fresh, {}
        return {product: list(points) for product, points in fresh.items()}

    def lines(self, now_s: float | None = None) -> Mapping[str, list[Point]]:
        """Return every product's line."""
        start = (time.time() if now_s is None else now_s) - SPAN_S
        return {product: [point for point in line if point[0] >= start] for product, line in self._lines.items()}

    def _add(self, product: str, point: Point) -> None:
        for lines in (self._lines, self._fresh):
            line = lines.setdefault(product, deque(maxlen=SPAN_S))
            if line and line[-1][0] == point[0] and point[1] is not None:
                line[-1] = point
            else:
                line.append(point)
