"""A clock and an outbox for the notifier's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.notifier.outbox import Outbox, Recipient
from tests.support.notices import Now
from tests.support.webhook import Receiver, receiver


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def make_outbox(tmp_path: Path, now: Now) -> Iterator[Callable[..., Outbox]]:
    """Open the outbox of the test's home for these channels; again is as after a restart."""
    opened: list[Outbox] = []

    def make(*channels: str | Recipient, cooldown_s: float = 0.0) -> Outbox:
        names = channels or ("one",)
        recipients = [Recipient(name) if isinstance(name, str) else name for name in names]
        opened.append(Outbox(tmp_path, recipients, cooldown_s, now))
        return opened[-1]

    yield make
    for outbox in opened:
        outbox.close()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    with receiver() as found:
        yield found
