"""The outbox: an SQLite file with a row for each event and channel, and what became of it.

    pending ──> sending ──> sent
                 │    └──> dead     refused for good, or given up
                 └> retry ──> sending ...

A row goes to `sending` before anything is sent and leaves it after the answer. One that is found there at a start was
being sent by a process that died: it is sent again, under the same key. So a message arrives at least once, and a
receiver that drops keys it has seen has it exactly once. `muted`, `cooled` and `stale` rows were never to be sent.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from monitor.notifier.events import ALERT, TEST, Event
from pipeline.ingest.store import Store, Value
from pipeline.settings.notifications import ALARMS, ALERTS

FOLDER = Path(__file__).parent
FILE = "notifier/outbox.db"  # below the home's data
PENDING, SENT, DEAD, RETRY = "pending", "sent", "dead", "retry"
MUTED, COOLED, STALE = "muted", "cooled", "stale"
KEPT_S = 14 * 86_400.0  # longer than Kafka keeps alerts: one that comes again within that time is known


@cache
def statement(name: str) -> str:
    """Return the statement in `sql/<name>.sql`."""
    return (FOLDER / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Recipient:
    """A channel as the outbox sees it: its name, and the kind of events that it takes (empty: all)."""

    name: str
    accepts: str = ""

    def takes(self, event: Event) -> bool:
        """Tell whether an event is for this channel; a test names its channel itself."""
        if event.kind == TEST:
            return bool(event.data["channel"] == self.name)
        return self.accepts in {"", ALERTS if event.kind == ALERT else ALARMS}


@dataclass(frozen=True)
class Delivery:
    """A row that is being sent; `age_s` is how long it has been in the outbox."""

    number: int
    event_key: str
    body: str
    attempts: int  # with this one
    age_s: float
    was_interrupted: bool  # an earlier attempt may have arrived

    @property
    def fields(self) -> dict[str, Any]:
        """What the body says."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Outbox:
    """The file. Any thread, and any process, may call any method."""

    def __init__(
        self,
        data_dir: Path,
        recipients: Collection[Recipient] = (),
        cooldown_s: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(data_dir / FILE, FOLDER / "schema.sql", survives_power_cut=True)
        self._recipients, self._cooldown_s, self._now = recipients, cooldown_s, now

    def now_ms(self) -> int:
        """Return the time as the rows have it."""
        return round(self._now() * 1000)

    def put(self, events: Iterable[tuple[Event, bool]]) -> None:
        """Take events in, all or none; one that was taken in before changes nothing. True: too old to be sent."""
        with self.store.transaction() as connection:
            for event, is_stale in events:
                self.add(connection, event, state=STALE if is_stale else "")

    def add(self, connection: sqlite3.Connection, event: Event, *, state: str = "") -> bool:
        """Take an event in within a transaction; return whether it will be sent where a channel takes it."""
        now, at = self.now_ms(), round(event.at * 1000)
        state = state or self._state(connection, event, at)
        body = self._body(connection, event, at) if state == PENDING else event.body()
        head = (event.kind, event.subject, body, at, now, state, now, now)
        rows = [(event.key, channel.name, *head) for channel in self._recipients if channel.takes(event)]
        connection.executemany(statement("add_delivery"), rows)
        return state == PENDING

    def claim(self, channel: str) -> Delivery | None:
        """Flip the oldest row that is due to `sending`, and return it; None where none is."""
        due_in_s = self.due_in_s(channel)
        if due_in_s is None or due_in_s > 0:  # mostly; to see that takes no lock
            return None
        values = {"channel": channel, "now": self.now_ms()}
        with self.store.transaction() as connection:
            row = connection.execute(statement("claim"), values).fetchone()
        if row is None:
            return None
        age_s = (values["now"] - row["created_at"]) / 1000
        key, body = row["event_key"], row["body"]
        return Delivery(row["number"], key, body, row["attempts"], age_s, bool(row["interrupted"]))

    def sent(self, delivery: Delivery) -> None:
        """Note that the channel took it."""
        self._finish(delivery, SENT, "", 0.0)

    def dead(self, delivery: Delivery, error: str) -> None:
        """Note that it is given up."""
        self._finish(delivery, DEAD, error, 0.0)

    def retry(self, delivery: Delivery, error: str, wait_s: float) -> None:
        """Note that it is to be sent again after a while."""
        self._finish(delivery, RETRY, error, wait_s)

    def recover(self) -> int:
        """After a start: have what was being sent sent again, and give up what is for channels that are no more.

        Return how many were being sent.
        """
        names = {recipient.name for recipient in self._recipients}
        with self.store.transaction() as connection:
            interrupted = connection.execute(statement("recover"), (self.now_ms(),)).rowcount
            for (channel,) in connection.execute(statement("unfinished_channels")).fetchall():
                if channel not in names:
                    reason = "the channel is not among the settings any more"
                    connection.execute(statement("give_up_channel"), (reason, self.now_ms(), channel))
        return interrupted

    def due_in_s(self, channel: str) -> float | None:
        """Return in how many seconds a channel's next row is due; None where it has none."""
        (row,) = self.store.query(statement("next_due"), (channel,))
        return None if row["next_at"] is None else (row["next_at"] - self.now_ms()) / 1000

    def drop_old(self) -> int:
        """Delete rows that ended long ago, and mutes that are over; return how many rows."""
        with self.store.transaction() as connection:
            connection.execute(statement("drop_mutes"), (self.now_ms(),))
            return connection.execute(statement("drop_old"), (self.now_ms() - round(KEPT_S * 1000),)).rowcount

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each state."""
        return {row["state"]: row["number"] for row in self.store.query(statement("counts"))}

    def query(self, name: str, *values: Value) -> list[sqlite3.Row]:
        """Return the rows of a statement in `sql/`."""
        return self.store.query(statement(name), values)

    def is_muted(self, subject: str) -> bool:
        """Tell whether a mute covers the subject now."""
        return any(fnmatchcase(subject, row["pattern"]) for row in self.query("mutes", self.now_ms()))

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def _state(self, connection: sqlite3.Connection, event: Event, at: int) -> str:
        if event.kind == TEST:
            return PENDING
        if self.is_muted(event.subject):
            return MUTED
        reach = round(self._cooldown_s * 1000)
        if event.kind == ALERT and reach:
            values = (event.subject, event.key, at - reach, at + reach)
            if connection.execute(statement("sent_near"), values).fetchone():
                return COOLED
        return PENDING

    def _body(self, connection: sqlite3.Connection, event: Event, at: int) -> str:
        """Return the event's body, with how many before it were left out since the last one that was sent."""
        if event.kind != ALERT or not self._cooldown_s:
            return event.body()
        (left_out,) = connection.execute(statement("cooled_since"), {"subject": event.subject, "at": at}).fetchone()
        told = f" {left_out} more since the last message." if left_out else ""
        data = {**event.data, "left_out": left_out}
        return Event(event.key, event.kind, event.subject, event.title, event.text + told, event.at, data).body()

    def _finish(self, delivery: Delivery, state: str, error: str, wait_s: float) -> None:
        now = self.now_ms()
        values = (state, error, now + round(wait_s * 1000), now, delivery.number)
        with self.store.transaction() as connection:
            connection.execute(statement("finish"), values)
