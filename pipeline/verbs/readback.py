"""The proof that the lake works: what entered at the source is read back through Presto."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import CoinlakeError, PrestoUnreachableError, QueryError, RequestError, ServiceError
from pipeline.host.options import HistoryFile
from pipeline.presto import Presto
from pipeline.scheduler_api import EventKey, JobState, SchedulerApi
from pipeline.verbs.console import Advance

SQL_DIR = Path(__file__).with_name("sql")
VISIBLE_S = 60.0  # from an event's acknowledgement by Kafka to its row; about 1 s is usual
POLL_AGAIN_S = 0.2
LOOK_AGAIN_S = 0.3
NEXT_STEP = "see logs/spark.log in the home for the stream and pipeline/scripts/pipeline_status.sh for what runs"


@dataclass(frozen=True)
class SeenEvent:
    """A polled event that Presto shows, and the seconds from the poll's answer to its sight."""

    key: EventKey
    after_s: float


def load_sql(name: str) -> str:
    """Return the statement in `pipeline/verbs/sql/<name>.sql`."""
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8").strip()


def read_back(scheduler: SchedulerApi, presto: Presto, within_s: float = VISIBLE_S) -> SeenEvent:
    """Poll the market once and wait until one of its events is a row of `iceberg.silver.coin_prices`.

    Raises:
        ServiceError: no event came from the market, or none became visible in time.
    """
    deadline = time.monotonic() + within_s
    keys = _polled(scheduler, deadline)
    acknowledged = time.monotonic()
    problem = "no such row yet"
    while time.monotonic() < deadline:
        try:
            if seen := _visible(presto, keys):
                return SeenEvent(seen, time.monotonic() - acknowledged)
        except (PrestoUnreachableError, QueryError) as error:  # the table may not be there yet
            problem = str(error)
        time.sleep(LOOK_AGAIN_S)
    raise ServiceError(
        f"{len(keys)} events are in Kafka, but Presto shows none of them after {within_s:g} s ({problem}). {NEXT_STEP}"
    )


def push_history(scheduler: SchedulerApi, file: HistoryFile, advance: Advance) -> JobState:
    """Push a CSV file and wait until the scheduler has taken all of it in.

    Raises:
        ServiceError: the job failed; the message has the reason.
        RequestError: the scheduler refused the file.
    """
    job_id = scheduler.push_csv(file.path, file.coin)
    while not (job := scheduler.job(job_id)).is_over:
        advance(job.done, job.total, f"{job.events:,} events")
        time.sleep(LOOK_AGAIN_S)
    if job.state != "done":
        raise ServiceError(f"the history in {file.path.name} was not imported: {job.error or job.message}")
    return job


@dataclass(frozen=True)
class HistoryWait:
    """What to wait for after a file was pushed: `events` of a coin; `is_drained` tells that none is on its way."""

    coin: str
    events: int
    is_drained: Callable[[], bool]
    within_s: float = 120.0


def wait_for_history(presto: Presto, wait: HistoryWait, advance: Advance) -> int:
    """Wait until both price tables show all of the coin's CSV rows; return how many.

    A file that has a row twice gives more events than rows, so a drained stream and equal tables are complete too.

    Raises:
        ServiceError: they did not in time.
    """
    deadline = time.monotonic() + wait.within_s
    problem = "nothing was counted"
    while time.monotonic() < deadline:
        try:
            drained = wait.is_drained()  # asked before the count: what it saw as read is counted then
            silver, hive = presto.rows(load_sql("history_counts"), [wait.coin, wait.coin])[0]
        except CoinlakeError as error:  # a table may not be there yet
            problem = str(error)
        else:
            if silver == hive and (silver >= wait.events or drained):
                return int(silver)
            advance(
                (silver + hive) // 2, max(wait.events, silver), f"{silver:,} rows in silver, {hive:,} in hive.crypto"
            )
            problem = f"iceberg.silver.coin_prices shows {silver}, hive.crypto.coin_data {hive} of {wait.events} rows"
        time.sleep(LOOK_AGAIN_S)
    told = f"the history of {wait.coin} is not complete after {wait.within_s:g} s: {problem}"
    raise ServiceError(f"{told}. {NEXT_STEP}")


def _polled(scheduler: SchedulerApi, deadline: float) -> list[EventKey]:
    problem = "it lists none of the coins"
    while time.monotonic() < deadline:
        try:
            if keys := scheduler.poll():
                return keys
        except (RequestError, ServiceError) as error:  # another poll is under way, the market is busy, or slow
            problem = str(error)
        time.sleep(POLL_AGAIN_S)
    raise ServiceError(f"no price came from the market in time: {problem}")


def _visible(presto: Presto, keys: Iterable[EventKey]) -> EventKey | None:
    wanted = set(keys)
    oldest = datetime.fromtimestamp(min(key.event_time for key in wanted) / 1000, UTC).replace(tzinfo=None)
    found = presto.rows(load_sql("events_since"), [str(oldest)])
    return next((key for key in (EventKey(*row) for row in found) if key in wanted), None)
