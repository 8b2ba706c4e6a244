"""Brings a channel's rows of the outbox to it, one after the other; each channel has a courier and a thread."""

from __future__ import annotations

import logging
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable

from monitor.notifier.channels.base import Channel, Message
from monitor.notifier.errors import ChannelError, RetryableChannelError
from monitor.notifier.outbox import Delivery, Outbox
from monitor.notifier.retrying import RetryPolicy
from pipeline import failpoints

log = logging.getLogger(__name__)

LOOK_S = 1.0  # another process may put rows into the outbox, too
DISK_S = 5.0  # between attempts to write to a full disk

Note = Callable[[], None]


class Courier:
    """Sends to one channel what is due."""

    def __init__(
        self, outbox: Outbox, channel: Channel, stop: threading.Event, policy: RetryPolicy | None = None
    ) -> None:
        self.name = channel.name
        self._outbox, self._channel, self._stop = outbox, channel, stop
        self._policy = policy or RetryPolicy()
        self.totals: Counter[str] = Counter()  # sent, failed, dead, since the start

    def run(self) -> None:
        """Send until the stop."""
        while not self._stop.is_set():
            if not self.step():
                self._stop.wait(LOOK_S)
        self._channel.close()

    def step(self) -> bool:
        """Send one message if one is due; return whether one was."""
        delivery = self._claim()
        if delivery is None:
            return False
        failpoints.reach("notifier.claimed")
        note = self._send(delivery)
        failpoints.reach("notifier.sent")
        self._write(note)
        return True

    def _claim(self) -> Delivery | None:
        try:
            return self._outbox.claim(self._channel.name)
        except sqlite3.OperationalError as error:  # a full disk: nothing is sent whose answer could not be noted
            log.warning("%s: the outbox cannot be written to: %s", self._channel.name, error)
            self._stop.wait(DISK_S)
            return None

    def _send(self, delivery: Delivery) -> Note:
        """Try once; return how to note what came of it."""
        try:
            self._channel.send(Message.of(delivery))
        except RetryableChannelError as error:
            return self._later_or_never(delivery, error)
        except ChannelError as error:
            return self._never(delivery, f"{error.reason}: refused for good")
        except Exception as error:  # noqa: BLE001  a library's own fault in one message must not stop the others
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s failed with %s:\n%s", self._channel.name, type(error).__name__, frames)  # not its text, which
            # may hold the address
            return self._later_or_never(delivery, RetryableChannelError(self._channel.name, type(error).__name__))
        self.totals["sent"] += 1
        return lambda: self._outbox.sent(delivery)

    def _later_or_never(self, delivery: Delivery, error: RetryableChannelError) -> Note:
        self.totals["failed"] += 1
        wait_s = self._policy.wait_s(delivery.attempts, delivery.age_s, error.retry_after_s)
        if wait_s is None:
            return self._never(delivery, f"{error.reason}: given up after {delivery.attempts} attempts")
        log.warning("%s; attempt %d of %s, next in %.1f s", error, delivery.attempts, delivery.event_key, wait_s)
        return lambda: self._outbox.retry(delivery, error.reason, wait_s)

    def _never(self, delivery: Delivery, reason: str) -> Note:
        self.totals["dead"] += 1
        log.error("%s: %s, %s", self._channel.name, delivery.event_key, reason)
        return lambda: self._outbox.dead(delivery, reason)

    def _write(self, note: Note) -> None:
        """Note what came of an attempt, however long the disk is full; a stop before that counts as a crash."""
        while True:
            try:
                return note()
            except sqlite3.OperationalError as error:
                log.warning("%s: the outbox cannot be written to: %s", self._channel.name, error)
                if self._stop.wait(DISK_S):
                    return None
