"""The simulated exchange of a running lake, as its user orders it about and asks what it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.own_http import call
from pipeline.settings import Settings
from pipeline.settings.values import Secret

Id = tuple[str, int]
"""A product and a trade id."""


class SimulatedExchange:
    """The exchange behind `/simulator/exchange` of a lake's simulator; each call raises `ServiceError` without one."""

    def __init__(self, simulator_url: str, token: Secret) -> None:
        self._url = f"{simulator_url}/simulator/exchange"
        self._headers = {"Authorization": f"Bearer {token.reveal()}", "Content-Type": "application/json"}

    @classmethod
    def of(cls, settings: Settings) -> SimulatedExchange:
        """Return the exchange of a lake on this machine."""
        return cls(settings.url("simulator"), settings.access.api_token)

    def state(self) -> dict[str, Any]:
        """Return what was made so far, by product."""
        answer: dict[str, Any] = call("GET", self._url).json()
        return answer

    def made(self) -> int:
        """Return how many trades were made so far."""
        return int(self.state()["made"])

    def last_ids(self) -> dict[str, int]:
        """Return each product's newest trade id."""
        return {name: product["last_id"] for name, product in self.state()["products"].items()}

    def set_rate(self, rate: float, trades: int | None = None) -> None:
        """Make `rate` trades a second from now on, `trades` of them in all or without end."""
        given = {"rate": rate} | ({} if trades is None else {"trades": trades})
        self._send("POST", "/rate", given)

    @contextmanager
    def rate(self, rate: float) -> Iterator[None]:
        """Make `rate` trades a second for as long as the block runs, then as many as before."""
        before = self.state()["rate"]
        self.set_rate(rate)
        try:
            yield
        finally:
            self.set_rate(before)

    def plan(self, **shares: float) -> None:
        """Have faults happen by themselves, each with its share of the trades; none named: no more faults."""
        self._send("PUT", "/plan", shares)

    def order(self, kind: str, **given: object) -> None:
        """Have one fault happen now."""
        self._send("POST", "/faults", {"kind": kind, **given})

    def move_price(self, product: str, percent: float, seconds: float) -> None:
        """Have a product's price move."""
        order = {"product": product, "percent": percent, "seconds": seconds}
        self._send("POST", "/move", order)

    def injected(self) -> dict[str, Any]:
        """Return the record of all faults since the simulator started."""
        answer: dict[str, Any] = call("GET", f"{self._url}/injected").json()
        return answer

    def withheld(self, after: dict[str, int]) -> set[Id]:
        """Return the trades after these ids that no feed carried."""
        runs = self.injected()["missing"]
        return {
            (name, number)
            for name in runs
            for low, high in runs[name]
            for number in range(low, high + 1)
            if number > after[name]
        }

    def _send(self, method: str, path: str, order: dict[str, Any]) -> None:
        call(method, f"{self._url}{path}", headers=self._headers, content=json.dumps(order).encode())
