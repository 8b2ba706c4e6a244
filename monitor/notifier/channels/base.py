"""What a channel is, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from monitor.notifier.outbox import Delivery


@dataclass(frozen=True)
class Message:
    """A delivery, as a channel shows it; `key` is the idempotency key, `body` JSON, the same at each attempt."""

    key: str
    kind: str
    title: str
    text: str
    body: str

    @classmethod
    def of(cls, delivery: Delivery) -> Message:
        """Return the message of a delivery.

        Where an attempt was cut by a crash, the text says that it may be a repeat; the body does not change.
        """
        fields: dict[str, Any] = delivery.fields
        doubt = " (May be a repeat: a crash cut the last attempt.)" if delivery.was_interrupted else ""
        return cls(delivery.event_key, fields["kind"], fields["title"], fields["text"] + doubt, delivery.body)


class Channel(Protocol):
    """One way to people, used by one thread; `name` holds no secret."""

    name: str

    def send(self, message: Message) -> None:
        """Return once the message was taken.

        Raises:
            RetryableChannelError: it may be taken later.
            RefusedMessageError: it will not be.
        """

    def close(self) -> None:
        """Let go of connections."""
