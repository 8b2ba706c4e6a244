"""Updates for all viewers: each is serialised once, and a viewer keeps nothing but how far it is.

A viewer that missed more updates than are kept gets everything as it is now, so a slow one costs no memory.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

import orjson

from monitor.page.board import Board, Update

UPDATE_S = 0.25
KEPT_UPDATES = 40  # 10 s: who reconnects within it misses nothing
LINGER_S = 30.0  # after the last viewer left: a reload or a restart of the browser starts nothing again
MOST_VIEWERS = 500
DIGITS = 18  # of a position


class Audience:
    """Who watches. `watched` is for threads; tasks wait by `here`."""

    def __init__(self) -> None:
        self.watched = Event()
        self.here = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()
        self.news: set[asyncio.Event] = set()
        self._left_at = float("-inf")

    @property
    def is_full(self) -> bool:
        """Whether no further viewer is let in."""
        return len(self.news) >= MOST_VIEWERS

    @contextmanager
    def viewer(self) -> Iterator[asyncio.Event]:
        """Be one of the viewers during the block; the event is set when there is a new update."""
        news = asyncio.Event()
        self.news.add(news)
        self.watched.set()
        self.here.set()
        self._gone.clear()
        try:
            yield news
        finally:
            self.news.discard(news)
            self._left_at = time.monotonic()

    def has_left(self) -> bool:
        """Tell once when the last viewer has been gone for a while."""
        if self.news or not self.here.is_set() or time.monotonic() - self._left_at < LINGER_S:
            return False
        self.watched.clear()
        self.here.clear()
        self._gone.set()
        return True

    async def pause(self, seconds: float) -> None:
        """Return after so many seconds, or when nobody watches any more: the next viewer shall not wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()


class Broadcaster:
    """Turns the board's changes into updates, at most `1 / UPDATE_S` a second, and keeps the newest."""

    def __init__(self, board: Board, audience: Audience) -> None:
        self._board = board
        self._audience = audience
        self._run_id = secrets.token_hex(4)  # positions of another run of the service mean nothing here
        self._last = 0
        self._updates: deque[tuple[int, bytes]] = deque(maxlen=KEPT_UPDATES)
        self._snapshot: tuple[int, bytes] = (-1, b"")

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._audience.here.wait()
            await asyncio.sleep(UPDATE_S)
            self.publish()
            if self._audience.has_left():
                self._start_over()

    def publish(self) -> None:
        """Make an update of what has changed, if anything has, and tell the viewers."""
        changes = self._board.take()
        if changes is None:
            return
        self._last += 1
        self._updates.append((self._last, self._message("update", changes)))
        for news in self._audience.news:
            news.set()

    def since(self, position: int | None) -> tuple[bytes, int]:
        """Return what brings a viewer up to date, empty where it is, and its new position.

        None is a viewer that has nothing yet.
        """
        if position == self._last:
            return b"", position
        oldest = self._updates[0][0] if self._updates else self._last + 1
        if position is None or position < oldest - 1:
            return self._whole(), self._last
        return b"".join(update for number, update in self._updates if number > position), self._last

    def position(self, event_id: str) -> int | None:
        """Return the position that the id of an event names; None where it is not one of this run."""
        run_id, _, number = event_id.partition("-")
        if run_id != self._run_id or not number.isdecimal() or len(number) > DIGITS or int(number) > self._last:
            return None
        return int(number)

    def _start_over(self) -> None:
        self._board.clear()
        self._updates.clear()
        self._last += 1  # whoever comes back with an older position gets everything

    def _whole(self) -> bytes:
        if self._snapshot[0] != self._last:
            self._snapshot = (self._last, self._message("snapshot", self._board.whole()))
        return self._snapshot[1]

    def _message(self, event: str, content: Update) -> bytes:
        data = orjson.dumps({"now": round(time.time() * 1000), **content})
        return b"id: %s-%d\nevent: %s\ndata: %s\n\n" % (self._run_id.encode(), self._last, event.encode(), data)
