"""The simulated exchange: its products, and what can be ordered of it. It trades on while nobody is connected."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange.quotes import Move
from pipeline.ingest.simulator.exchange.state_file import StateFile
from pipeline.ingest.simulator.exchange.trades import LEAD_US, Numbering, Product, new_state


class Exchange:
    """Trades of many products by one clock; orders come from the HTTP threads, the feed's thread only reads."""

    def __init__(
        self, seed: int, names: Iterable[str], clock: Callable[[], float] = time.time, file: Path | None = None
    ) -> None:
        """Open with a trade of each product, or resume from the file; the clock gives seconds since 1970."""
        self.seed = seed
        self._clock = clock
        self._lock = threading.Lock()
        self._file = StateFile(file, seed)
        self._states = self._file.read()
        for name in names:
            self._states.setdefault(name, new_state(seed, name, self.now_us()))
        self.products = {name: Product(seed, name, self._states[name]) for name in names}
        self.rate = 0.0

    def now_us(self) -> int:
        """Return the current time in microseconds since 1970."""
        return int(self._clock() * 1e6)

    def product(self, name: str) -> Product:
        """Return a product; raise `RequestError` (404) if there is none of that name."""
        if name not in self.products:
            raise RequestError("NotFound", 404)
        return self.products[name]

    def chosen(self, name: str | None) -> list[Product]:
        """Return the named product, or all."""
        return list(self.products.values()) if name is None else [self.product(name)]

    def set_rate(self, rate: float, trades: int | None = None) -> None:
        """Make `rate` trades a second over all products, and no more than `trades` from now on."""
        count = len(self.products)
        with self._lock:
            at_us = self.now_us() + LEAD_US
            for index, product in enumerate(self.products.values()):
                share = None if trades is None else trades // count + (index < trades % count)
                product.state.pace.change(at_us, rate / count, trades=share, first=(index + 1) / count)
            self.rate = rate
            self._file.write(self._states)

    def move_price(self, name: str | None, percent: float, seconds: float) -> None:
        """Let the price of a product, or of all, go by `percent` within `seconds`, and stay there."""
        move = Move(self.now_us() + LEAD_US, percent, seconds)
        with self._lock:
            for product in self.chosen(name):
                product.state.moves = (*product.state.moves, move)
            self._file.write(self._states)

    def forget(self, name: str, first_id: int, last_id: int) -> None:
        """Let REST no longer have these trades, both ends included."""
        state = self.product(name).state
        with self._lock:
            state.forgotten = (*state.forgotten, (first_id, last_id))
            self._file.write(self._states)

    def restart_ids(self, name: str | None, first_id: int) -> None:
        """Reset the ids of a product, or of all, with the next trade."""
        with self._lock:
            for product in self.chosen(name):
                start_n = product.made(self.now_us() + LEAD_US)
                product.state.numberings = (*product.state.numberings, Numbering(start_n, first_id))
            self._file.write(self._states)

    def close(self) -> None:
        """Stop trading until the next start, so that a lake that was down for weeks has nothing to catch up with."""
        self.set_rate(0)

    def state(self) -> dict[str, Any]:
        """Return what was made so far, by product; ids are those that REST still has."""
        now_us = self.now_us()
        products = {}
        for name, product in self.products.items():
            _, made, first_id = product.answerable(now_us)
            newest = product.trade(made - 1)
            products[name] = {"first_id": first_id, "last_id": newest.id, "made": made, "price": newest.price}
        total = sum(product.made(now_us) for product in self.products.values())
        return {"seed": self.seed, "rate": self.rate, "made": total, "products": products}
