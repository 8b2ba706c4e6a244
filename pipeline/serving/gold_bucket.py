"""gold_aggregates/ in the bucket: an object a day and product, replaced as a whole when one of its minutes changes.

The revision up to which the objects hold gold is a state object, written after them: a crash in between makes the next
run replace the same objects again. A bucket that is new, or that followed another lake, is filled from the start.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pipeline.failpoints import reach
from pipeline.serving.bucket import Bucket
from pipeline.serving.gold_rows import GoldRows, Part
from pipeline.settings.serving import BucketSettings

FOLDER = "gold_aggregates"
UPLOADS = 4  # at a time: most of an upload is waiting


class GoldBucket:
    """Copies gold to the bucket of the settings."""

    def __init__(self, settings: BucketSettings) -> None:
        self._settings = settings

    def sync(self, gold: GoldRows) -> int:
        """Replace the objects of the days that changed; return how many.

        Raises:
            SinkError: the bucket is away, refuses, or is full; nothing is lost, and the next call resumes.
        """
        bucket = Bucket(self._settings)
        objects = 0
        for part in gold.parts(synced_revision(bucket, gold.table_id)):
            objects += _put(bucket, gold, part)
            reach("gold.bucket.objects")
            bucket.put_state(FOLDER, {"table_id": gold.table_id, "revision": part.revision})
            reach("gold.bucket")
        return objects


def synced_revision(bucket: Bucket, table_id: str) -> int:
    """Return the revision up to which the bucket holds gold; the objects of another lake are deleted."""
    state = bucket.state(FOLDER)
    if state is not None and state["table_id"] == table_id:
        return int(state["revision"])
    bucket.clear(FOLDER)
    return 0


def key_of(product_id: str, day: datetime) -> str:
    """Return the name of a day's object."""
    return f"{FOLDER}/product_id={product_id}/date={day:%Y-%m-%d}/data.parquet"


def _put(bucket: Bucket, gold: GoldRows, part: Part) -> int:
    days = 0
    with ThreadPoolExecutor(UPLOADS) as pool:
        waiting = []
        for day, rows in gold.whole_days(part):
            waiting.append(pool.submit(bucket.put, key_of(day.product_id, day.day), rows))
            days += 1
            if len(waiting) > 8 * UPLOADS:  # so that few days wait in memory
                waiting.pop(0).result()
        for one in waiting:
            one.result()
    return days
