"""One connection to the exchange's feed, kept up for as long as the service runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from pipeline.ingest.http import USER_AGENT
from pipeline.ingest.trades.backoff import SILENCE_S, Backoff, SilenceWatch
from pipeline.ingest.trades.protocols import Subscription

log = logging.getLogger(__name__)

LONGEST_FRAME = 8 * 1024 * 1024  # a larger one would end the connection
WAITING_FRAMES = 1024  # read ahead of us; past that the exchange is held up
LOOK_S = 1.0  # how often silence is looked for
ROOM_S = 0.1  # how often a full spool is looked at
OPEN_S = 10.0
CLOSE_S = 2.0


@dataclass(frozen=True)
class Listener:
    """Who is told what: each frame with the time it came at (microseconds since 1970), each new connection."""

    on_frame: Callable[[bytes, int], None]
    on_connected: Callable[[tuple[str, ...]], None]
    is_full: Callable[[], bool]  # while it is, nothing is read


@dataclass(frozen=True)
class Parts:
    """What a test replaces."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    silence_s: float = SILENCE_S
    look_s: float = LOOK_S
    backoff: Backoff = field(default_factory=Backoff)


class Feed:
    """Connects, subscribes and reads; after any end it connects again, with growing waits and without a limit."""

    def __init__(self, subscription: Subscription, listener: Listener, parts: Parts | None = None) -> None:
        self._subscription, self._listener, self._parts = subscription, listener, parts or Parts()
        self.frames = 0
        self.connections = 0
        self.is_connected = False
        self._is_reading = True

    async def run(self) -> None:
        """Read until cancelled."""
        clock = self._parts.clock
        while True:
            await self._wait_for_room()
            started = clock()
            try:
                await self._session()
            except (OSError, TimeoutError, WebSocketException) as error:
                why = str(error) or type(error).__name__
            else:
                why = "the exchange closed the connection"
            held_s = clock() - started if self.is_connected else 0.0
            self.is_connected = False
            wait_s = self._parts.backoff.wait_s(held_s)
            log.warning("feed %s: %s; next attempt in %.1f s", self._subscription.url, why, wait_s)
            await self._parts.sleep(wait_s)

    async def _session(self) -> None:
        async with connect(
            self._subscription.url,
            user_agent_header=USER_AGENT,
            compression=None,  # a frame is too short to be worth the time
            proxy=True if self._subscription.url.startswith("wss:") else None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            max_size=LONGEST_FRAME,
            max_queue=WAITING_FRAMES,
        ) as socket:
            for message in self._subscription.messages:
                await socket.send(message)
            self._greet()
            watch = asyncio.create_task(self._end_silence(socket))
            try:
                await self._read(socket)
            finally:
                watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watch

    def _greet(self) -> None:
        self.is_connected = True
        self.connections += 1
        products = self._subscription.products
        log.info("feed %s: subscribed to %s", self._subscription.url, ", ".join(products))
        self._listener.on_connected(products)

    async def _read(self, socket: ClientConnection) -> None:
        """Hand on frames until the connection ends; this loop runs for each frame."""
        on_frame, is_full, receive, now = self._listener.on_frame, self._listener.is_full, socket.recv, time.time_ns
        while True:
            frame = await receive(decode=False)
            on_frame(frame, now() // 1000)
            self.frames += 1
            if is_full():
                await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        self._is_reading = False
        while self._listener.is_full():
            await asyncio.sleep(ROOM_S)
        self._is_reading = True

    async def _end_silence(self, socket: ClientConnection) -> None:
        """Close a connection that has gone silent; its reader then reconnects."""
        watch = SilenceWatch(self._parts.clock(), self._parts.silence_s)
        while not watch.is_silent(self.frames, self._parts.clock(), is_reading=self._is_reading):
            await asyncio.sleep(self._parts.look_s)
        log.warning("feed %s: no frame for %g s", self._subscription.url, self._parts.silence_s)
        socket.transport.abort()
