"""The exact record of what the feed withheld, repeated and reordered: what a ledger of gaps is compared with.

All connections share one record. It is exact where each product has one subscriber that reads what it is sent, and
ends no connection while frames are on their way.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from pipeline.ingest.simulator.exchange.trades import Product

DROP, HALF, SILENCE, DISCONNECT, REPEAT, REORDER = "drop", "half", "silence", "disconnect", "repeat", "reorder"
SAY = "say"


@dataclass
class Run:
    """Trades in a row, by number, both ends included, that a feed did not carry, and why."""

    first: int
    last: int
    kind: str


class Injected:
    """Runs of withheld trades by product, in the order they were made, and the other faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._products: dict[str, Product] = {}
        self._withheld: defaultdict[str, list[Run]] = defaultdict(list)
        self._extra: dict[str, defaultdict[str, list[int]]] = {
            kind: defaultdict(list) for kind in (REPEAT, REORDER, HALF)
        }
        self._links: list[dict[str, Any]] = []
        self._subscribed: dict[str, int] = {}  # number of the first trade a feed carried, by product
        self._offered: dict[str, int] = {}  # ... and of the newest one that was sent or withheld
        self._counts: Counter[str] = Counter()

    def opened(self, product: Product, first: int, last: int) -> None:
        """Note a subscription that begins with some trades; what was made since the last one ended was missed."""
        with self._lock:
            self._products[product.name] = product
            before = self._offered.get(product.name)
            self._subscribed.setdefault(product.name, first)
            if before is not None and first > before + 1:
                self._add(product.name, Run(before + 1, first - 1, DISCONNECT))
            for n in range(first, last + 1):
                self._take_back(product.name, n)
            self._offered[product.name] = max(last, before or 0)

    def offered(self, product: str, n: int) -> None:
        """Note how far a feed got with a product."""
        self._offered[product] = max(n, self._offered[product])

    def withheld(self, product: str, first: int, last: int, kind: str) -> None:
        """Note trades that no frame carries."""
        with self._lock:
            self._add(product, Run(first, last, kind))

    def noted(self, kind: str, product: str, trade_id: int) -> None:
        """Note a trade that came twice, or late, or as half a frame."""
        with self._lock:
            self._extra[kind][product].append(trade_id)
            self._counts[kind] += 1

    def link(self, kind: str, time_us: int, seconds: float) -> None:
        """Note a silence, a disconnection or a frame out of place of one connection."""
        with self._lock:
            self._links.append({"kind": kind, "time_us": time_us, "seconds": seconds})
            self._counts[kind] += 1

    def to_json(self) -> dict[str, Any]:
        """Return the record by ids: `withheld` with its reasons, `missing` the same as the fewest runs, the rest."""
        with self._lock:
            return {
                "withheld": {name: self._by_reason(name) for name in self._withheld if self._withheld[name]},
                "missing": {name: self._missing(name) for name in self._withheld if self._withheld[name]},
                "repeated": dict(self._extra[REPEAT]),
                "reordered": dict(self._extra[REORDER]),
                "half_frames": dict(self._extra[HALF]),
                "links": list(self._links),
                "counts": dict(self._counts),
                "subscribed": {name: self._span(name) for name in self._subscribed},
            }

    def _add(self, product: str, run: Run) -> None:
        """Put a run in its place; trades that are there already stay as they are."""
        runs = self._withheld[product]
        newest = runs[-1] if runs else None
        if newest and newest.last + 1 == run.first and newest.kind == run.kind == DROP:
            newest.last = run.last
        elif newest is None or newest.last < run.first:
            runs.append(run)
            self._counts.update([DROP] if run.kind == DROP else [])
        else:
            known = [(one.first, one.last) for one in runs if one.first <= run.last and one.last >= run.first]
            runs.extend(Run(first, last, run.kind) for first, last in _without(run.first, run.last, known))
            runs.sort(key=lambda one: one.first)

    def _take_back(self, product: str, n: int) -> None:
        """A trade that was withheld came after all, as the newest one of a new subscription."""
        runs = self._withheld[product]
        for index, run in enumerate(runs):
            if run.first <= n <= run.last:
                left = [Run(run.first, n - 1, run.kind), Run(n + 1, run.last, run.kind)]
                runs[index : index + 1] = [one for one in left if one.first <= one.last]
                return

    def _by_reason(self, name: str) -> list[dict[str, Any]]:
        return [
            {"from": low, "to": high, "kind": run.kind}
            for run in self._withheld[name]
            for low, high in self._products[name].ids(run.first, run.last)
        ]

    def _missing(self, name: str) -> list[tuple[int, int]]:
        merged: list[tuple[int, int]] = []
        for run in self._withheld[name]:
            if merged and merged[-1][1] + 1 == run.first:
                merged[-1] = (merged[-1][0], run.last)
            else:
                merged.append((run.first, run.last))
        return [ids for first, last in merged for ids in self._products[name].ids(first, last)]

    def _span(self, name: str) -> dict[str, int]:
        product = self._products[name]
        return {"first_id": product.id_of(self._subscribed[name]), "last_id": product.id_of(self._offered[name])}


def _without(first: int, last: int, known: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a run of numbers without the known ones, which are in order."""
    left = []
    for low, high in known:
        if first < low:
            left.append((first, low - 1))
        first = max(first, high + 1)
    return [*left, (first, last)] if first <= last else left
