"""Mail, chats and the rest, by Apprise. It reports success or failure alone, so that each failure is retried.

Its addresses hold tokens at any place, and so may what it logs: its words are kept for the error, without them.
"""

from __future__ import annotations

import logging
import re
import threading
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyType
from apprise.plugins.base import NotifyBase

from monitor.notifier.channels.base import Message
from monitor.notifier.errors import RetryableChannelError
from monitor.notifier.events import ALARM, ALERT, RECOVERY
from pipeline.settings.values import Secret

TYPES = {ALERT: NotifyType.WARNING, ALARM: NotifyType.FAILURE, RECOVERY: NotifyType.SUCCESS}
SHORTEST_SECRET = 4  # a shorter part of an address would be found in any text
LONGEST_REASON = 300


class AppriseChannel:
    """One service that Apprise knows."""

    def __init__(self, name: str, url: Secret, service: NotifyBase) -> None:
        self.name, self._service = name, service
        parts = re.split(r"[:/@?&=,]+", url.reveal())[1:]
        hidden = {part for part in (*parts, *map(unquote, parts)) if len(part) >= SHORTEST_SECRET}
        self._hidden = sorted(hidden, key=len, reverse=True)
        self._said = _LastWords()

    def send(self, message: Message) -> None:
        """Have Apprise send the message; each failure may pass."""
        logger = logging.getLogger("apprise")
        self._said.thread = threading.get_ident()
        logger.addHandler(self._said)
        try:
            taken = self._service.notify(
                title=message.title, body=message.text, notify_type=TYPES.get(message.kind, NotifyType.INFO)
            )
        finally:
            logger.removeHandler(self._said)
        if not taken:
            raise RetryableChannelError(self.name, self._redacted(self._said.take()) or "Apprise could not send it")

    def close(self) -> None:
        """Apprise keeps nothing open."""

    def _redacted(self, words: str) -> str:
        for part in self._hidden:
            words = words.replace(part, "***")
        return " ".join(words.split())[:LONGEST_REASON]


def open_service(url: Secret) -> NotifyBase | None:
    """Return the service of an address; None where Apprise knows none of that kind, or finds it incomplete."""
    logger = logging.getLogger("apprise")
    logger.propagate = False  # what it says may hold the address
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    asset = AppriseAsset(app_id="Coinlake", app_desc="a crypto market data lake", app_url="")
    found: NotifyBase | None = Apprise.instantiate(url.reveal(), asset=asset)
    return found


class _LastWords(logging.Handler):
    """Keeps the last warning of one thread: another's may be about another address."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.thread = 0
        self._words = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's words."""
        if record.thread == self.thread:
            self._words = record.getMessage()

    def take(self) -> str:
        """Return the words, and forget them."""
        words, self._words = self._words, ""
        return words
