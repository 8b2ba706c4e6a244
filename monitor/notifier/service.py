"""The notifier's parts, put together: intake, evaluator and couriers, each in a thread, and the heartbeat."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from monitor.notifier.alarms import machine_checks
from monitor.notifier.alarms.evaluator import Evaluator, open_alarms
from monitor.notifier.alarms.kafka_checks import KafkaChecks, read_offsets
from monitor.notifier.alarms.service_checks import ServiceChecks
from monitor.notifier.channels.opening import open_channels, recipients
from monitor.notifier.courier import Courier
from monitor.notifier.intake import Intake
from monitor.notifier.outbox import DEAD, PENDING, RETRY, Outbox
from pipeline.errors import ServiceError
from pipeline.health.topic_states import OffsetReader
from pipeline.ingest.heartbeat import Heartbeat
from pipeline.settings import Settings

log = logging.getLogger(__name__)

NAME = "notifier"
BEAT_S = 2.0
CLEAN_BEATS = 1800  # an hour
DISK_S = 5.0
STOP_S = 8.0  # for all threads; a message that is cut then is sent again


class Service:
    """The notifier of a home."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        """Open the channels and the outbox.

        Raises:
            SettingsError: a channel cannot be opened.
        """
        wanted = settings.notifications
        self._settings, self._stop = settings, stop
        channels = open_channels(wanted.channels)
        self._outbox = Outbox(settings.data_dir, recipients(wanted.channels), wanted.cooldown_s)
        self._couriers = [Courier(self._outbox, channel, stop) for channel in channels]
        self._intake = Intake(settings, self._outbox, stop)
        self._heartbeat = Heartbeat(settings.run_dir, NAME)
        self._evaluated = 0
        self._failed: list[str] = []
        log.info("channels: %s", ", ".join(channel.name for channel in channels))

    def run(self) -> None:
        """Work until the stop.

        Raises:
            ServiceError: a part has ended by a fault of its own; its traceback is in the log.
        """
        if interrupted := self._outbox.recover():
            log.warning("%d messages were being sent when the last process ended; they are sent again", interrupted)
        parts = [self._intake.run, self._evaluate, *(courier.run for courier in self._couriers)]
        threads = [threading.Thread(target=self._guarded, args=(part,), daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        beats = 0
        while not self._stop.wait(BEAT_S if beats else 0):
            if beats % CLEAN_BEATS == 0:
                self._try(self._outbox.drop_old)
            self._try(lambda: self._heartbeat.beat(self.figures()))
            beats += 1
        end = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        if self._failed:
            raise ServiceError(f"{self._failed[0]} has failed")
        log.info("stopped")

    def figures(self) -> dict[str, Any]:
        """Return what the heartbeat shows."""
        counts, totals = Counter(self._outbox.counts()), Counter[str]()
        for courier in self._couriers:
            totals += courier.totals
        alarms = open_alarms(self._outbox)
        return {
            "channels": [courier.name for courier in self._couriers],
            "pending": counts[PENDING] + counts["sending"],
            "retrying": counts[RETRY],
            "dead": counts[DEAD],
            **{f"messages_{name}": totals[name] for name in ("sent", "failed", "dead")},
            **{f"read_{name}": self._intake.totals[name] for name in ("alerts", "stale", "unreadable")},
            "evaluations": self._evaluated,
            "open_alarms": len(alarms),
            "alarms": {alarm.alarm_id: alarm.words for alarm in alarms},
        }

    def _evaluate(self) -> None:
        bounds = self._settings.notifications.alarms
        evaluator, services = Evaluator(self._outbox, bounds), ServiceChecks(self._settings)
        offsets = OffsetReader(self._settings)
        kafka = KafkaChecks(partial(read_offsets, offsets), bounds)
        while not self._stop.wait(bounds.every_s):
            look = services.look()
            look = look | kafka.look(services.excused) | machine_checks.look(self._settings)
            if not self._stop.is_set():  # a lake that is being stopped stops us first
                self._try(partial(evaluator.evaluate, look))
                self._evaluated += 1
        offsets.close()

    def _try(self, write: Callable[[], object]) -> None:
        """Write something that the next time writes again: on a full disk it waits."""
        try:
            write()
        except sqlite3.OperationalError as error:
            log.warning("the outbox cannot be written to: %s", error)
            self._stop.wait(DISK_S)

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception:  # the thread's boundary: the service ends, and is started again
            log.exception("a part of the notifier has failed")
            self._failed.append(getattr(part, "__qualname__", repr(part)))
            self._stop.set()
