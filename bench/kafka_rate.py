"""Our producer against the bare client, the same events in the same run: `python -m bench.kafka_rate`.

The events go to `coin_events` of the running lake, so they become rows: measure on a lake that may be thrown away.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

from confluent_kafka import Producer

from bench.measure import report
from pipeline import settings as settings_module
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.ingest.kafka import ClientConfig, client_config, producer_config
from pipeline.ingest.metrics import Metrics
from pipeline.ingest.producer import EventProducer

ROUNDS = 5  # each way in turn, so that both meet the same disturbances


def make_events(coins: tuple[str, ...], count: int) -> list[PriceEvent]:
    """Return distinct events of about 120 bytes on the wire."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    moments = (start + timedelta(milliseconds=number) for number in range(count))
    return [
        PriceEvent(coins[number % len(coins)], moment, Decimal(number + 1) / 100, None, None, "bench-rate")
        for number, moment in enumerate(moments)
    ]


def bare(kafka: ClientConfig, events: list[PriceEvent]) -> Callable[[], None]:
    """Return a call that sends the events' bytes, made beforehand, with the client alone."""
    records = [(event.coin.encode(), event.to_json()) for event in events]
    config = {**kafka, "acks": "all", "queue.buffering.max.messages": 2 * len(records)}

    def send() -> None:
        producer = Producer(config)
        for key, value in records:
            producer.produce(COIN_EVENTS.name, value=value, key=key)
        producer.flush()

    return send


def ours(kafka: ClientConfig, events: list[PriceEvent]) -> Callable[[], None]:
    """Return a call that publishes the events as the scheduler does, the making of their bytes included."""
    producer = EventProducer(kafka, Metrics())

    def send() -> None:
        producer.publish(events)

    return send


def rate(send: Callable[[], None], count: int) -> float:
    """Return how many events a second one call sent."""
    started = time.perf_counter()
    send()
    return count / (time.perf_counter() - started)


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000, help="events of each round and way")
    count = parser.parse_args().events
    settings = settings_module.load()
    events = make_events(settings.coins, count)
    ways = {"bare": bare(client_config(settings), events), "ours": ours(producer_config(settings), events)}
    rounds = [{name: rate(send, count) for name, send in ways.items()} for _ in range(ROUNDS)]
    bare_per_s, ours_per_s = (median(each[name] for each in rounds) for name in ("bare", "ours"))
    report(
        events=count,
        bare_per_s=round(bare_per_s),
        ours_per_s=round(ours_per_s),
        ratio=round(ours_per_s / bare_per_s, 3),
    )


if __name__ == "__main__":
    main()
