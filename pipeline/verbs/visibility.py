"""Waiting until what is in Kafka can be read in the tables."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.events.catalog import PRICE_TOPICS
from pipeline.events.model import Topic
from pipeline.health.topic_states import Positions, stream_positions
from pipeline.presto import Presto
from pipeline.settings import Settings
from pipeline.verbs.console import Advance
from pipeline.verbs.readback import NEXT_STEP, load_sql

LOOK_AGAIN_S = 0.3
WITHIN_S = 300.0  # both tables usually have everything within 10 s
MORE_S_PER_RECORD = 1 / 500  # for what is still to be read; the stream reads far more a second


def wait_until_visible(settings: Settings, presto: Presto, coins: Sequence[str], advance: Advance) -> int:
    """Wait until the stream has read what Kafka holds now, and both tables show it; return the coins' number of rows.

    New prices arrive all the while: what is counted in silver once the stream is that far must appear in the other
    table, which follows silver and is published every few seconds.

    Raises:
        ServiceError: they did not in time.
    """
    deadline = time.monotonic() + WITHIN_S + MORE_S_PER_RECORD * _unread(_positions(settings, PRICE_TOPICS), None)
    wait_for_stream(settings, lambda done, all_of_it, note: advance(done, 2 * all_of_it, note), deadline)
    silver, problem = None, "nothing was counted"
    while time.monotonic() < deadline:
        try:
            in_silver, in_hive = presto.rows(load_sql("coin_counts"), [list(coins), list(coins)])[0]
        except CoinlakeError as error:  # Presto is restarted, or a table is not there yet
            problem = str(error)
        else:
            silver = in_silver if silver is None else silver
            if in_hive >= silver:
                return int(in_hive)
            problem = f"hive.crypto.coin_data shows {in_hive:,} of {silver:,} rows"
            advance(silver + in_hive, 2 * silver, problem)  # the second half
        time.sleep(LOOK_AGAIN_S)
    raise ServiceError(f"not all rows can be read yet: {problem}. {NEXT_STEP}")


def wait_for_stream(
    settings: Settings, advance: Advance, deadline: float, topics: Sequence[Topic] = PRICE_TOPICS
) -> None:
    """Return when the stream has made visible what the topics hold at the call; `deadline` is monotonic.

    Raises:
        ServiceError: it had not in time.
    """
    start = _positions(settings, topics)
    first = _unread(start, None)
    while left := _unread(_positions(settings, topics), start):
        if time.monotonic() > deadline:
            raise ServiceError(f"the stream still has {left:,} records to read. {NEXT_STEP}")
        advance(first - left, first, f"{left:,} records to be read by the stream")
        time.sleep(LOOK_AGAIN_S)


def _positions(settings: Settings, topics: Sequence[Topic]) -> Positions:
    return stream_positions(settings, [topic.name for topic in topics])


def _unread(now: Positions, until: Positions | None) -> int:
    """Return how many records before the ends of `until` (those of now, if None) the stream has not made visible."""
    ends = (until or now).ends
    return sum(max(0, end - max(0, now.committed.get(place, 0))) for place, end in ends.items())
