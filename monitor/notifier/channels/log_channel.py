"""The channel `log`: a line in the service's own log."""

from __future__ import annotations

import logging

from monitor.notifier.channels.base import Message

log = logging.getLogger("coinlake.alerts")


class LogChannel:
    """Logs each message as a warning."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, message: Message) -> None:
        """Log the message."""
        log.warning("%s: %s [%s]", message.title, message.text, message.key)

    def close(self) -> None:
        """Nothing is open."""
