"""How far a table holds a query's records: for each incarnation of a topic and partition, the next offset.

A query that has a new checkpoint reads its topics from their start. What lies below these positions is in the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

Offsets = Mapping[str, Mapping[str, int]]
"""Topic -> partition -> next offset, as Spark writes them."""

Positions = dict[str, dict[str, int]]
"""Topic id -> partition -> next offset."""

KEPT_TOPICS = 50
"""So many topic ids are remembered, the newest: those of ten Kafkas, of which one with 7 days of records can return."""


def positions_mark(query: str) -> str:
    """Return the name of the snapshot property that holds the query's positions."""
    return f"coinlake.{query}.positions"


def to_json(positions: Positions) -> str:
    """Return the mark's text."""
    return json.dumps(positions, separators=(",", ":"))


def newest_positions(summaries: Iterable[Mapping[str, str]], query: str) -> Positions:
    """Return the query's positions from summaries, newest first; maintenance may have carried an older mark forward."""
    marks = [summary[positions_mark(query)] for summary in summaries if positions_mark(query) in summary]
    return reduce(advance, (json.loads(mark) for mark in reversed(marks)), {})


def advance(known: Positions, ends: Positions) -> Positions:
    """Return the known positions moved on to `ends` where those are further; these topics count as the newest."""
    moved = {
        topic_id: {
            partition: max(known.get(topic_id, {}).get(partition, 0), partitions.get(partition, 0))
            for partition in {**known.get(topic_id, {}), **partitions}
        }
        for topic_id, partitions in ends.items()
    }
    others = {topic_id: partitions for topic_id, partitions in known.items() if topic_id not in moved}
    return dict(list({**others, **moved}.items())[-KEPT_TOPICS:])


def by_topic_id(offsets: Offsets, topic_ids: Mapping[str, str]) -> Positions:
    """Return offsets as positions; a topic without an id has none, for its offsets may start again unnoticed."""
    return {topic_ids[topic]: dict(found) for topic, found in offsets.items() if topic in topic_ids}


def reaches(positions: Positions, known: Positions) -> bool:
    """Return whether the positions are as far as the known ones, in all topics that both name."""
    return all(
        positions[topic_id].get(partition, 0) >= offset
        for topic_id, partitions in known.items()
        if topic_id in positions
        for partition, offset in partitions.items()
    )


def is_beyond(positions: Positions) -> Column:
    """Return whether a record lies beyond the positions: the table does not hold it yet."""
    held = [
        F.col("topic_id").eqNullSafe(topic_id) & (F.col("partition") == int(partition)) & (F.col("offset") < offset)
        for topic_id, partitions in positions.items()
        for partition, offset in partitions.items()
    ]
    return ~reduce(or_, held, F.lit(False))
