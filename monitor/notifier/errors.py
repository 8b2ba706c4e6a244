"""Why a channel did not take a message; a part of the tree in `pipeline/errors.py`."""

from __future__ import annotations

from pipeline.errors import CoinlakeError


class ChannelError(CoinlakeError):
    """A channel did not take a message."""

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(f"{channel}: {reason}")
        self.reason = reason


class RetryableChannelError(ChannelError):
    """The same message may be taken later; `retry_after_s` is the receiver's wish in seconds, if it named one."""

    def __init__(self, channel: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(channel, reason)
        self.retry_after_s = retry_after_s


class RefusedMessageError(ChannelError):
    """The receiver will refuse the same message again."""


class NothingOfThatNameError(CoinlakeError):
    """There is no such alarm, mute, message or channel."""
