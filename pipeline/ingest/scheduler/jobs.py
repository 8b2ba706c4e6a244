"""Jobs that fill in history: what each is to do, how far it has come; they survive a restart."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pipeline.ingest.store import Store

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
STATES = (QUEUED, RUNNING, DONE, FAILED)
LISTED_JOBS = 200
KEPT_JOBS = 1000  # of the finished ones; a row has some 300 bytes

_DROP_OLD = """
    DELETE FROM jobs WHERE state IN (?, ?) AND number <= (
        SELECT number FROM jobs WHERE state IN (?, ?) ORDER BY number DESC LIMIT 1 OFFSET ?
    )
"""


@dataclass(frozen=True)
class Order:
    """What a job is to do: a span of days of a coin (`last` None means until now), or a CSV file's content."""

    coin: str
    first: date | None = None
    last: date | None = None
    sha256: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a job has come: days, or bytes of a CSV file."""

    done: int = 0
    total: int = 0
    events: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Job:
    """A job as it stands now."""

    job_id: str
    order: Order
    state: str = QUEUED
    progress: Progress = Progress()
    error: str | None = None
    message: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the job as the HTTP API shows it."""
        return {
            "job_id": self.job_id,
            "coin": self.order.coin,
            "from": _iso(self.order.first),
            "to": _iso(self.order.last),
            "file": self.order.name,
            "state": self.state,
            "done": self.progress.done,
            "total": self.progress.total,
            "events": self.progress.events,
            "rejected": self.progress.rejected,
            "error": self.error,
            "message": self.message,
        }


class JobStore:
    """The unfinished jobs and the newest finished ones, in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, order: Order) -> Job:
        """Write down a new job, to be worked off after those before it; the oldest finished ones go."""
        job = Job(uuid.uuid4().hex, order)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs (job_id, coin, first_day, last_day, sha256, name, state, done, total, events,"
                " rejected, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)",
                (
                    job.job_id,
                    order.coin,
                    _iso(order.first),
                    _iso(order.last),
                    order.sha256,
                    order.name,
                    job.state,
                    datetime.now(UTC).isoformat(timespec="seconds"),
                ),
            )
            connection.execute(_DROP_OLD, (DONE, FAILED, DONE, FAILED, KEPT_JOBS))
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None where there is none of that id."""
        rows = self._store.query("SELECT * FROM jobs WHERE job_id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def latest(self) -> list[Job]:
        """Return the latest jobs, the newest first."""
        rows = self._store.query("SELECT * FROM jobs ORDER BY number DESC LIMIT ?", (LISTED_JOBS,))
        return [_job(row) for row in rows]

    def unfinished(self) -> list[Job]:
        """Return what is still to be done, oldest first; a running one was interrupted and resumes where it stopped."""
        rows = self._store.query("SELECT * FROM jobs WHERE state IN (?, ?) ORDER BY number", (QUEUED, RUNNING))
        return [_job(row) for row in rows]

    def unfinished_files(self) -> set[str]:
        """Return the contents that unfinished jobs still have to read."""
        return {job.order.sha256 for job in self.unfinished() if job.order.sha256 is not None}

    def counts(self) -> dict[str, int]:
        """Return how many of the kept jobs are in each state."""
        rows = self._store.query("SELECT state, count(*) AS jobs FROM jobs GROUP BY state")
        return dict.fromkeys(STATES, 0) | {row["state"]: row["jobs"] for row in rows}

    def save(self, job: Job) -> None:
        """Write down where a job stands."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, done = ?, total = ?, events = ?, rejected = ?, error = ?, message = ?"
                " WHERE job_id = ?",
                (
                    job.state,
                    job.progress.done,
                    job.progress.total,
                    job.progress.events,
                    job.progress.rejected,
                    job.error,
                    job.message,
                    job.job_id,
                ),
            )


def finished(job: Job, message: str | None) -> Job:
    """Return the job as done, with what is worth telling about it."""
    return replace(job, state=DONE, error=None, message=message)


def failed(job: Job, error: str) -> Job:
    """Return the job as failed; asking for the same again resumes where it stopped."""
    return replace(job, state=FAILED, error=error)


def _job(row: sqlite3.Row) -> Job:
    order = Order(row["coin"], _day(row["first_day"]), _day(row["last_day"]), row["sha256"], row["name"])
    progress = Progress(row["done"], row["total"], row["events"], row["rejected"])
    return Job(row["job_id"], order, row["state"], progress, row["error"], row["message"])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
