"""How long an event takes from Kafka's door to a Presto answer, at a steady rate, on the running lake.

`python -m bench.latency --rate 1000 --seconds 60`. Two figures of the same run: `staleness_s` is how old the newest
row of an answer is when the answer arrives (one value an answer); `visible_s` is how long each event waited for the
first answer that holds it (one value an event, so it includes the wait for the next query).
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from multiprocessing.synchronize import Event

from confluent_kafka import Producer

from bench.measure import report, spread
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent, epoch_ms
from pipeline.kafka.clients import ClientConfig, client_config
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.tables.model import Table
from pipeline.tables.silver import COIN_PRICES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SETTLE_S = 60.0  # how long after the last event we wait until all rows are counted
PRESTO_TIME = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Load:
    """A steady stream of events; the n-th has the time at which it is due, so that no two share a key."""

    run: str
    coins: tuple[str, ...]
    rate: int
    seconds: int
    start_ms: int

    @property
    def total(self) -> int:
        """How many events there are."""
        return self.rate * self.seconds

    def due_ms(self, number: int) -> int:
        """Return when the n-th event is due, and what its event_time is: ms since 1970."""
        return self.start_ms + number * 1000 // self.rate

    def event(self, number: int) -> PriceEvent:
        """Return the n-th event; events of one ms differ in the coin, then in the source."""
        moment = EPOCH + timedelta(milliseconds=self.due_ms(number))
        lane = number // len(self.coins) % max(1, self.rate // 1000)
        coin = self.coins[number % len(self.coins)]
        return PriceEvent(coin, moment, Decimal(number + 1) / 100, None, None, f"{self.run}-{lane}")


@dataclass(frozen=True)
class Answer:
    """One answer of Presto: when it was asked for and arrived, and its newest row; all in ms since 1970."""

    asked_ms: int
    arrived_ms: int
    newest_ms: int


def now_ms() -> int:
    """Return the wall clock in ms since 1970."""
    return time.time_ns() // 1_000_000


def produce(load: Load, kafka: ClientConfig, finished: Event) -> None:
    """Send each event when it is due."""
    producer = Producer({**kafka, "acks": "all", "enable.idempotence": True, "linger.ms": 5})
    for number in range(load.total):
        while (wait_ms := load.due_ms(number) - now_ms()) > 0:
            time.sleep(wait_ms / 1000)
        event = load.event(number)
        producer.produce(COIN_EVENTS.name, value=event.to_json(), key=event.coin.encode())
        producer.poll(0)
    producer.flush()
    finished.set()


def poll(presto: Presto, load: Load, finished: Event) -> list[Answer]:
    """Ask for the newest row again and again while events flow; an answer without a newer one counts as well.

    Each query looks only at rows newer than those it knows: this is what lets Presto skip old files.
    """
    answers: list[Answer] = []
    known_ms = load.start_ms - 1
    while not finished.is_set():
        answers.append(ask(presto, COIN_PRICES, "event_time", f"source LIKE '{load.run}-%'", known_ms))
        known_ms = answers[-1].newest_ms
    return answers


def ask(presto: Presto, table: Table, time_column: str, condition: str, known_ms: int) -> Answer:
    """Ask for a table's newest row after the newest known one; without such a row, the known one is the newest."""
    asked = now_ms()
    # Plain text, no placeholder: a prepared statement would cost two more round trips.
    sql = (
        f"SELECT max({time_column}) FROM {table.full_name} "
        f"WHERE {time_column} > TIMESTAMP '{presto_time(known_ms)}' AND {condition}"
    )
    newest = presto.rows(sql)[0][0]
    if newest is not None:
        known_ms = epoch_ms(datetime.strptime(newest, PRESTO_TIME).replace(tzinfo=UTC))
    return Answer(asked, now_ms(), known_ms)


def presto_time(ms: int) -> str:
    """Return a time, given in ms since 1970, as Presto writes it."""
    return (EPOCH + timedelta(milliseconds=ms)).strftime(PRESTO_TIME)[:-3]


def waits(load: Load, answers: list[Answer]) -> list[float]:
    """Return for each event the seconds from its due time to the first answer that holds it."""
    due = [load.due_ms(number) for number in range(load.total)]
    found: list[float] = []
    for before, answer in pairwise(answers):
        new = (ms for ms in due[_index(load, before.newest_ms) :] if before.newest_ms < ms <= answer.newest_ms)
        found += [(answer.arrived_ms - ms) / 1000 for ms in new]
    return found


def _index(load: Load, ms: int) -> int:
    return max(0, (ms - load.start_ms) * load.rate // 1000)


def count_rows(presto: Presto, load: Load) -> tuple[int, int]:
    """Return rows and distinct keys of this run, once all are there or the time to settle is over."""
    sql = (
        "SELECT count(*), count(DISTINCT ROW(coin, event_time, source)) "
        f"FROM {COIN_PRICES.full_name} WHERE source LIKE '{load.run}-%'"
    )
    deadline = time.monotonic() + SETTLE_S
    while True:
        rows, keys = presto.rows(sql)[0]
        if keys >= load.total or time.monotonic() > deadline:
            return rows, keys
        time.sleep(0.5)


def measure(settings: Settings, rate: int, seconds: int, warm_up: int) -> dict[str, object]:
    """Produce and poll at once; the first `warm_up` seconds do not count."""
    load = Load(f"bench-{now_ms()}", settings.markets.coins, rate, warm_up + seconds, start_ms=now_ms() + 1000)
    presto = Presto(settings.lake.presto_url, source="coinlake-bench")
    finished = multiprocessing.Event()
    # A process of its own: the producer and the poller must not wait for each other's interpreter.
    sender = multiprocessing.Process(target=produce, args=(load, client_config(settings), finished))
    sender.start()
    answers = poll(presto, load, finished)
    sender.join()
    rows, keys = count_rows(presto, load)
    counted = [answer for answer in answers if answer.asked_ms >= load.start_ms + warm_up * 1000]
    return {
        "rate": rate,
        "seconds": seconds,
        "answers": len(counted),
        "staleness_s": spread((answer.arrived_ms - answer.newest_ms) / 1000 for answer in counted),
        "visible_s": spread(waits(load, counted)),
        "query_s": spread((answer.arrived_ms - answer.asked_ms) / 1000 for answer in counted),
        "events": load.total,
        "lost": load.total - keys,
        "doubled": rows - keys,
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")
    parser.add_argument("--warm-up", type=int, default=15, help="seconds before that, which do not count")
    given = parser.parse_args()
    report(**measure(load_settings(), given.rate, given.seconds, given.warm_up))


if __name__ == "__main__":
    main()
