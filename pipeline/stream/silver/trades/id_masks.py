"""Trade ids handed from Spark to the driver as bit masks: 64 ids are one number."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.id_ranges import Run

MASK_BITS = 64


def id_bucket() -> Column:
    """Return which 64 ids a trade's id belongs to."""
    return F.shiftright("trade_id", MASK_BITS.bit_length() - 1).alias("bucket")


def id_mask() -> Column:
    """Aggregate the ids of one bucket to a number with a bit for each id."""
    return F.expr(f"bit_or(shiftleft(1L, cast(trade_id & {MASK_BITS - 1} AS int)))").alias("mask")


def runs_of_mask(bucket: int, mask: int) -> list[Run]:
    """Return the runs of ids whose bits are set: bit n of bucket b stands for the id 64 b + n.

    `mask` may be negative: Spark's numbers are signed.
    """
    base, bits = bucket * MASK_BITS, mask % (1 << MASK_BITS)
    runs = []
    while bits:
        first = (bits & -bits).bit_length() - 1
        filled = bits + (1 << first)  # carries through the run that starts at `first`
        length = (filled & -filled).bit_length() - 1 - first
        runs.append((base + first, base + first + length - 1))
        bits &= ~(((1 << length) - 1) << first)
    return runs
