"""What flows through a lake under proof: keyed prices of our own, and trades of the simulated exchange."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from pipeline.errors import ServiceError
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from proof.lake import Lake

DELIVERY_S = 300
SOURCE = "proof"
PRICES_PER_S = 50
ONLY_WHAT_ENDS_IT = 2  # of what the client logs, by syslog's levels: that Kafka is away is no news here


@dataclass(frozen=True)
class Made:
    """How many there are of each so far."""

    prices: int
    trades: int


class Load:
    """Prices and trades that flow at a steady rate from entering the block until `stop`.

    Each price has a time of its own, a minute of the past, so that no two share a key; the trades are those that the
    exchange makes from then on.
    """

    def __init__(self, lake: Lake, trades_per_s: float, source: str = SOURCE) -> None:
        self._lake, self._trades_per_s = lake, trades_per_s
        self.source = source
        self.before = lake.exchange.last_ids()
        self._prices = 0
        self._end = threading.Event()
        self._undelivered = 0
        self._thread = threading.Thread(target=self._produce, name="prices")

    def __enter__(self) -> Self:
        self._usual = self._lake.exchange.state()["rate"]
        self._lake.exchange.set_rate(self._trades_per_s)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._lake.exchange.set_rate(self._usual)

    def made(self) -> Made:
        """Return what was made so far; of the prices, what was given to Kafka's client."""
        last = self._lake.exchange.last_ids()
        return Made(self._prices, sum(last[name] - before for name, before in self.before.items()))

    def stop(self) -> Made:
        """Make no more; return what was made once Kafka has every price.

        Raises:
            ServiceError: Kafka did not take some of the prices.
        """
        self._lake.exchange.set_rate(0)
        self._end.set()
        self._thread.join()
        if self._undelivered:
            raise ServiceError(f"{self._undelivered} prices never reached Kafka")
        return self.made()

    def _produce(self) -> None:
        # Idempotent: a retry after the broker's death must not be what makes a row appear twice.
        producer = Producer(
            {
                "bootstrap.servers": self._lake.settings.kafka.bootstrap,
                "enable.idempotence": True,
                "delivery.timeout.ms": 1000 * DELIVERY_S,
                "log_level": ONLY_WHAT_ENDS_IT,
            }
        )
        for event in self._events():
            if self._end.wait(1 / PRICES_PER_S):
                break
            producer.produce(COIN_EVENTS.name, value=event.to_json(), key=event.coin.encode())
            producer.poll(0)
            self._prices += 1
        self._undelivered = producer.flush(DELIVERY_S)

    def _events(self) -> Iterator[PriceEvent]:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        for number, coin in enumerate(cycle(self._lake.settings.markets.coins), start=1):
            moment = now - timedelta(minutes=number)
            yield PriceEvent(coin, moment, Decimal(number), Decimal("1340000000000"), None, self.source)
