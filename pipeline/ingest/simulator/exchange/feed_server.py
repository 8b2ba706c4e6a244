"""The feed as a WebSocket server, in a thread with an event loop of its own beside the HTTP server's threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from pipeline.errors import ServiceError
from pipeline.ingest.simulator.exchange.session import Feed, Session

log = logging.getLogger(__name__)

RESTARTING = 1012  # the WebSocket close code of a server that will be back
CLOSE_S = 2.0


class FeedServer:
    """Serves the feed from `start` to `stop`; `port` 0 takes a free one, which `port` then names."""

    def __init__(self, feed: Feed, host: str, port: int) -> None:
        self.port = port
        self._feed = feed
        self._host = host
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._began = threading.Event()
        self._fault: OSError | None = None

    def start(self) -> None:
        """Listen; raise `ServiceError` if the port cannot be had."""
        self._thread.start()
        self._began.wait()
        if self._fault:
            raise ServiceError(f"cannot listen on {self._host}:{self.port}: {self._fault.strerror}") from self._fault

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(2 * CLOSE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._fault = error
        finally:
            self._began.set()

    async def _serve(self) -> None:
        # Unpacked frames are cheaper, and a client that stops reading for minutes, as ours does while its disk is
        # full, is not to be cut off: hence no compression and no pings. A client with an Origin is a web page.
        server = serve(
            self._handle,
            self._host,
            self.port,
            process_request=self._admit,
            origins=[None],
            server_header="coinlake-simulator",
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_S,
        )
        async with server as listening:
            self.port = next(iter(listening.sockets)).getsockname()[1]
            self._loop = asyncio.get_running_loop()
            self._began.set()
            await self._stop.wait()

    def _admit(self, connection: ServerConnection, _request: Request) -> Response | None:
        """Turn clients away for the time that a disconnection was ordered to last."""
        if self._feed.exchange.now_us() < self._feed.mischief.closed_until_us:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "closed on demand\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        session = Session(self._feed)
        sender = asyncio.create_task(self._send(connection, session))
        try:
            async for message in connection:
                await _write(connection, session.command(message, self._feed.exchange.now_us()))
        except ConnectionClosed:
            log.debug("a client went without a goodbye")
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            session.ended()

    async def _send(self, connection: ServerConnection, session: Session) -> None:
        try:
            while connection.state is State.OPEN:
                await _write(connection, session.step(self._feed.exchange.now_us()))
                if session.closing:
                    await _end(connection, cut=session.closing.cut)
                    return
                await asyncio.sleep(session.pause_s(self._feed.exchange.now_us()))
        except Exception:
            log.exception("the feed of a client failed")
            await connection.close(1011)


async def _write(connection: ServerConnection, frames: list[bytes]) -> None:
    """Send frames in one go: a call of the system for each would be most of the cost; wait while the client is slow."""
    if frames and connection.state is State.OPEN:
        for frame in frames:
            connection.protocol.send_text(frame)
        connection.transport.write(b"".join(connection.protocol.data_to_send()))
        await connection.drain()


async def _end(connection: ServerConnection, *, cut: bool) -> None:
    if cut:
        connection.transport.close()  # what was written before still goes out
    else:
        await connection.close(RESTARTING, "disconnected on demand")
