"""Webhooks: a POST of JSON that carries an idempotency key, and whose answer tells whether a retry can help.

Apprise's own `json://` sends no such key and reports success or failure alone, without the status.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from monitor.notifier.channels.base import Message
from monitor.notifier.errors import RefusedMessageError, RetryableChannelError
from pipeline.ingest.http import USER_AGENT
from pipeline.ingest.http_errors import retry_after_s
from pipeline.own_http import is_near
from pipeline.settings.values import Secret

SCHEMES = {"webhook": "http", "webhooks": "https"}
TIMEOUT = httpx.Timeout(connect=5.0, read=10.0, write=10.0, pool=5.0)
KEY_HEADER = "Idempotency-Key"
PASSING = {408, 425, 429}  # the 4xx that a retry can mend


class WebhookChannel:
    """Posts to one address. Redirects are not followed: they would carry the message to another host."""

    def __init__(
        self,
        name: str,
        url: Secret,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take an address that begins with one of SCHEMES; user and password in it become an Authorization header."""
        scheme, _, rest = url.reveal().partition("://")
        self.name, self._now = name, now
        self._url = Secret(f"{SCHEMES[scheme.lower()]}://{rest}")
        self._client = httpx.Client(
            transport=transport,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Content-Type": "application/json"},
            trust_env=not is_near(self._url.reveal()),
        )

    def send(self, message: Message) -> None:
        """Post the message; the answer's body is not read."""
        headers = {KEY_HEADER: message.key}
        try:
            with self._client.stream("POST", self._url.reveal(), content=message.body, headers=headers) as answer:
                self._check(answer)
        except httpx.HTTPError as error:  # its text may hold the address
            raise RetryableChannelError(self.name, type(error).__name__) from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        reason = f"answered {answer.status_code}"
        if answer.status_code >= 500 or answer.status_code in PASSING:
            wish = retry_after_s(answer.headers.get("retry-after"), self._now)
            raise RetryableChannelError(self.name, reason, wish)
        raise RefusedMessageError(self.name, reason)
