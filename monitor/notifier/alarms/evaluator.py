"""Turns looks into alarms: raised when something stays wrong, repeated while it is, ended when it stays well."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitor.notifier.alarms.look import Look
from monitor.notifier.events import ALARM, RECOVERY, Event
from monitor.notifier.outbox import Outbox, statement
from pipeline.settings.notifications import AlarmBounds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """An open alarm; times are milliseconds since 1970."""

    alarm_id: str
    since: int
    words: str
    evaluations: int
    messages: int = 0
    withheld: int = 0
    told_at: int = 0
    acked_until: int = 0

    @property
    def was_told(self) -> bool:
        """Whether any message about it was for sending."""
        return self.messages > self.withheld


class Evaluator:
    """Keeps how often in succession each thing was wrong or well; open alarms are in the outbox's file."""

    def __init__(self, outbox: Outbox, bounds: AlarmBounds) -> None:
        self._outbox, self._bounds = outbox, bounds
        self._bad: Counter[str] = Counter()
        self._good: Counter[str] = Counter()
        self._since: dict[str, int] = {}

    def evaluate(self, look: Look) -> None:
        """Take one look into account; all that follows from it is written in one step, or nothing is."""
        now = self._outbox.now_ms()
        before = (self._bad.copy(), self._good.copy(), dict(self._since))
        try:
            with self._outbox.store.transaction() as connection:
                alarms = {alarm.alarm_id: alarm for alarm in open_alarms(self._outbox)}
                for alarm_id, words in look.faults.items():
                    self._count_bad(alarm_id, now)
                    self._is_wrong(connection, alarms.get(alarm_id), alarm_id, words)
                for alarm_id in {*alarms, *self._since} - look.faults.keys() - look.unknown:
                    self._count_good(alarm_id)
                    self._is_well(connection, alarms.get(alarm_id))
        except sqlite3.OperationalError:
            self._bad, self._good, self._since = before
            raise

    def _count_bad(self, alarm_id: str, now: int) -> None:
        self._bad[alarm_id] += 1
        self._since.setdefault(alarm_id, now)
        del self._good[alarm_id]

    def _count_good(self, alarm_id: str) -> None:
        self._good[alarm_id] += 1
        del self._bad[alarm_id]
        if self._good[alarm_id] >= self._bounds.evaluations:
            self._since.pop(alarm_id, None)

    def _is_wrong(self, connection: sqlite3.Connection, alarm: Alarm | None, alarm_id: str, words: str) -> None:
        now = self._outbox.now_ms()
        if alarm is None:
            if self._bad[alarm_id] >= self._bounds.evaluations:
                log.info("alarm %s: %s", alarm_id, words)
                self._tell(connection, Alarm(alarm_id, self._since[alarm_id], words, self._bad[alarm_id]), now)
            return
        alarm = replace(alarm, words=words, evaluations=alarm.evaluations + 1)
        if self._bounds.repeat_s and now - alarm.told_at >= self._bounds.repeat_s * 1000:
            self._tell(connection, alarm, now)
        else:
            _save(connection, alarm)

    def _tell(self, connection: sqlite3.Connection, alarm: Alarm, now: int) -> None:
        """Put a message about the alarm into the outbox, unless somebody has acknowledged it."""
        is_acked = alarm.acked_until > now
        passed = not is_acked and self._outbox.add(connection, raised(alarm, now))
        withheld = alarm.withheld + (not passed)
        _save(connection, replace(alarm, messages=alarm.messages + 1, withheld=withheld, told_at=now))

    def _is_well(self, connection: sqlite3.Connection, alarm: Alarm | None) -> None:
        if alarm is None or self._good[alarm.alarm_id] < self._bounds.evaluations:
            return
        log.info("alarm %s is over", alarm.alarm_id)
        connection.execute(statement("close_alarm"), (alarm.alarm_id,))
        if alarm.was_told:  # who was not told that it began need not be told that it ended
            self._outbox.add(connection, recovered(alarm, self._outbox.now_ms()))


def open_alarms(outbox: Outbox) -> list[Alarm]:
    """Return the open alarms, the oldest first."""
    return [Alarm(**dict(row)) for row in outbox.query("open_alarms")]


def raised(alarm: Alarm, now: int) -> Event:
    """Return the message that an alarm is open; the first, or that it still is."""
    still = "" if alarm.messages == 0 else f" Open for {duration(now - alarm.since)}."
    return _event(alarm, ALARM, f"ALARM {alarm.alarm_id}", f"{alarm.words.rstrip('.')}.{still}", now)


def recovered(alarm: Alarm, now: int) -> Event:
    """Return the message that an alarm is over, with how long it lasted and what was not told meanwhile."""
    withheld = f", {alarm.withheld} messages about it were withheld" if alarm.withheld else ""
    lasted = f"Over after {duration(now - alarm.since)}: {alarm.evaluations} evaluations were bad{withheld}."
    return _event(alarm, RECOVERY, f"RECOVERED {alarm.alarm_id}", f"{lasted} It was: {alarm.words.rstrip('.')}.", now)


def duration(ms: int) -> str:
    """Return a span in words of two units at most."""
    seconds = max(0, round(ms / 1000))
    for unit, size, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // part} {smaller}"
    return f"{seconds} s"


def _event(alarm: Alarm, kind: str, title: str, text: str, now: int) -> Event:
    data = {
        "alarm_id": alarm.alarm_id,
        "since": datetime.fromtimestamp(alarm.since / 1000, UTC).isoformat(timespec="seconds"),
        "duration_s": (now - alarm.since) // 1000,
        "evaluations": alarm.evaluations,
        "withheld": alarm.withheld,
    }
    key = f"{ALARM}:{alarm.alarm_id}:{alarm.since}:{alarm.messages}"
    return Event(key, kind, alarm.alarm_id, title, text, now / 1000, data)


def _save(connection: sqlite3.Connection, alarm: Alarm) -> None:
    values = (
        alarm.alarm_id,
        alarm.since,
        alarm.words,
        alarm.evaluations,
        alarm.messages,
        alarm.withheld,
        alarm.told_at,
    )
    connection.execute(statement("save_alarm"), values)
