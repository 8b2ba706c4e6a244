"""What a lake must hold in the end, asked of Presto, not of Spark, which wrote it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.gold import PRICE_STATS
from pipeline.tables.ops import COVERAGE, GAPS
from pipeline.tables.silver import CANDLES_1M, FACT_TRADES
from proof.counts import Count, Counter
from proof.lake import Lake
from proof.load import Made

PATIENCE_S = 240.0  # with a lake in which nothing changes, or which does not answer
SETTLE_S = 1200.0  # in all
LOOK_AGAIN_S = 2.0
ANSWER_S = 30.0

Ends = dict[tuple[str, int], int]
"""Where Kafka ends, by topic and partition."""

STATISTICS_OFF = f"""
SELECT count(*) FROM (
    SELECT s.source, s.product_id, s.window_end, s.trades, sum(c.trades) AS summed
    FROM {PRICE_STATS.full_name} s
    JOIN {CANDLES_1M.full_name} c ON c.source = s.source AND c.product_id = s.product_id
        AND c.minute >= s.window_start AND c.minute < s.window_end
    GROUP BY s.source, s.product_id, s.window_end, s.trades
) WHERE trades <> summed
"""


@dataclass(frozen=True)
class Check:
    """One thing that must hold: what was expected, and what is there."""

    what: str
    expected: int
    found: int
    twice: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is lost and nothing is there twice."""
        return self.found == self.expected and self.twice == 0


def settled(lake: Lake, counter: Counter, made: Made) -> tuple[list[Check], float]:
    """Ask until all holds, or nothing has changed for a while; return the last answers, and after how many seconds.

    Raises:
        ServiceError: there was no answer for as long.
    """
    begun = changed = time.monotonic()
    known: list[tuple[int, int]] = []
    ends: Ends = {}
    while True:
        try:
            checks = [*_keyed(counter, made), *_derived(lake)]
            # An exchange says something even when nobody trades: what counts is where Kafka ended with the last trade.
            if not ends and all(check.holds for check in checks):
                ends = ends_in_kafka(lake)
            checks += _bronze(lake, ends)
        except CoinlakeError as error:
            if time.monotonic() - changed > PATIENCE_S:
                raise ServiceError(f"the lake gave no answer for {PATIENCE_S:g} s: {error}") from error
        else:
            now, wrong = time.monotonic(), [(check.expected - check.found, check.twice) for check in checks]
            changed, known = (changed if wrong == known else now), wrong
            is_well = bool(ends) and all(check.holds for check in checks)
            if is_well or now - changed > PATIENCE_S or now - begun > SETTLE_S:
                return checks, now - begun
        time.sleep(LOOK_AGAIN_S)


def _keyed(counter: Counter, made: Made) -> Iterator[Check]:
    for table in counter.tables:
        count = counter.count(table)
        yield Check(f"{table}: what was made", counter.expected(made, table), count.keys, twice(count))


def _bronze(lake: Lake, ends: Ends) -> Iterator[Check]:
    """Compare each topic up to these ends; nothing where there are none."""
    if not ends:
        return
    asked = " OR ".join(
        f'(topic = \'{topic}\' AND "partition" = {number} AND "offset" < {end})'
        for (topic, number), end in ends.items()
    )
    query = (
        'SELECT topic, count(*), count(DISTINCT (topic_id, "partition", "offset")) '
        f"FROM {BRONZE_EVENTS.full_name} WHERE {asked} GROUP BY topic"
    )
    found = {topic: Count(rows, keys) for topic, rows, keys in lake.presto.rows(query)}
    for topic in dict.fromkeys(topic for topic, _ in ends):
        records = sum(end for (name, _), end in ends.items() if name == topic)
        count = found.get(topic, Count(0, 0))
        yield Check(f"{BRONZE_EVENTS.full_name}: records of {topic}", records, count.keys, twice(count))


def _derived(lake: Lake) -> Iterator[Check]:
    def number(sql: str) -> int:
        return int(lake.presto.rows(sql)[0][0] or 0)

    trades = number(f"SELECT count(*) FROM {FACT_TRADES.full_name}")
    yield Check(f"{CANDLES_1M.full_name}: trades", trades, number(f"SELECT sum(trades) FROM {CANDLES_1M.full_name}"))
    covered = number(f"SELECT sum(received + filled) FROM {COVERAGE.full_name}")
    yield Check(f"{COVERAGE.full_name}: trades", trades, covered)
    yield Check(f"{COVERAGE.full_name}: missing", 0, number(f"SELECT sum(missing) FROM {COVERAGE.full_name}"))
    yield Check(f"{PRICE_STATS.full_name}: hours that differ from their candles", 0, number(STATISTICS_OFF))
    gaps = number(f"SELECT count(*) FROM {GAPS.full_name} WHERE status <> 'filled'")
    yield Check(f"{GAPS.full_name}: not filled", 0, gaps)


def ends_in_kafka(lake: Lake) -> Ends:
    """Return where each partition that has records ends; a new lake's begin at 0, and hold all since."""
    consumer = Consumer({"bootstrap.servers": lake.settings.kafka.bootstrap, "group.id": "coinlake-proof"})
    partitions = [(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
    try:
        marks = {each: consumer.get_watermark_offsets(TopicPartition(*each), timeout=ANSWER_S) for each in partitions}
    except KafkaException as error:
        raise ServiceError(f"Kafka does not tell its offsets: {error}") from None
    finally:
        consumer.close()
    return {each: end for each, (_, end) in marks.items() if end}


def twice(count: Count) -> int:
    """Return how many rows are there beyond one for each key."""
    return count.rows - count.keys
