"""How long an alert takes from the trade that gives cause for it to a reader of `market_alerts`, on the running lake.

`python -m bench.alert_latency --rate 1000`. The lake must run on the simulator: each product's price falls by 3 % in a
second, one product after the other, while trades flow at the rate. `alert_s` is measured from the trade's own time;
the alert stands in gold.dm_market_alerts a little earlier than on the topic. A product that had an alert within the
cool-down has none again.
"""

from __future__ import annotations

import argparse
import json
import time
from uuid import uuid4

from confluent_kafka import Consumer

from bench.latency import now_ms
from bench.measure import report, spread
from pipeline.events.trades import MARKET_ALERTS
from pipeline.kafka.clients import client_config
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange

FALL_PERCENT, FALL_S = -3, 1.0
BETWEEN_S = 2.0  # two falls


def measure(settings: Settings, rate: int, warm_up: int) -> dict[str, object]:
    """Let each product fall once and read the alerts as they come."""
    consumer = Consumer(client_config(settings) | {"group.id": f"bench-{uuid4()}", "auto.offset.reset": "latest"})
    consumer.subscribe([MARKET_ALERTS.name])
    delays: list[float] = []
    with SimulatedExchange.of(settings).rate(rate):
        consumer.poll(warm_up)  # takes its place at the topic's end meanwhile
        for product in settings.markets.products:
            SimulatedExchange.of(settings).move_price(product, FALL_PERCENT, FALL_S)
            delays += read(consumer, BETWEEN_S)
        delays += read(consumer, 10)
    consumer.close()
    return {"rate": rate, "falls": len(settings.markets.products), "alerts": len(delays), "alert_s": spread(delays)}


def read(consumer: Consumer, seconds: float) -> list[float]:
    """Return how many seconds each alert that arrives meanwhile took."""
    delays = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        message = consumer.poll(left)
        if message is not None and message.error() is None:
            alert = json.loads(message.value() or b"")
            delays.append((now_ms() - alert["triggered_at"]) / 1000)
    return delays


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="trades a second, over all products")
    parser.add_argument("--warm-up", type=int, default=30, help="seconds before the first fall")
    given = parser.parse_args()
    report(**measure(load_settings(), given.rate, given.warm_up))


if __name__ == "__main__":
    main()
