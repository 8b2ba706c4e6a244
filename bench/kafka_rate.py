"""Our producer against the bare client, the same events in the same run: `python -m bench.kafka_rate`.

The events go to `coin_events` of the running lake, so they become rows: measure on a lake that may be thrown away.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from confluent_kafka import Producer

from bench.measure import median_rates, report
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.producer import EventProducer
from pipeline.kafka.clients import ClientConfig, client_config, producer_config
from pipeline.settings import load_settings


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


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000, help="events of each round and way")
    count = parser.parse_args().events
    settings = load_settings()
    events = make_events(settings.markets.coins, count)
    ways = {"bare": bare(client_config(settings), events), "ours": ours(producer_config(settings), events)}
    medians = median_rates(ways, count)
    report(
        events=count,
        bare_per_s=round(medians["bare"]),
        ours_per_s=round(medians["ours"]),
        ratio=round(medians["ours"] / medians["bare"], 3),
    )


if __name__ == "__main__":
    main()
