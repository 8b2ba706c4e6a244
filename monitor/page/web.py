"""The page over HTTP: its files, its events, and two questions that a visitor's charts ask. Nothing can be written."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from tornado.iostream import StreamClosedError
from tornado.web import Application, HTTPError, RequestHandler

from monitor.page.board import Board
from monitor.page.broadcast import Audience, Broadcaster
from monitor.page.faults import reason
from monitor.page.remembered import Remembered
from pipeline.errors import CoinlakeError
from pipeline.web_access import is_own_host

STATIC = Path(__file__).with_name("static")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "coinlake",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
BEAT_S = 15.0
CUT_S = 10.0  # who has read nothing of an update for so long is not served any more
SEND_BUFFER = 65_536  # of the socket: what a viewer that never reads holds at most
RETRY_MS = 1000


@dataclass(frozen=True)
class Content:
    """One file of the page, as it is sent."""

    media_type: str
    body: bytes
    zipped: bytes
    etag: str


@dataclass(frozen=True)
class Parts:
    """What the handlers answer from."""

    names: frozenset[str]  # by which the service may be called, beside addresses and localhost
    board: Board
    audience: Audience
    broadcaster: Broadcaster
    files: Mapping[str, Content]
    products: tuple[str, ...]
    coins: tuple[str, ...]
    links: list[dict[str, Any]]
    coverage: Remembered
    history: Remembered


class Handler(RequestHandler):
    """What all answers have in common: the headers, and who may ask."""

    def initialize(self, parts: Parts) -> None:
        """Take what is needed to answer."""
        self.parts = parts

    def set_default_headers(self) -> None:
        """Set the headers of every answer, errors among them."""
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-cache")

    def prepare(self) -> None:
        """Refuse what was sent to another name: a page elsewhere may have its own name resolve to this machine."""
        if not is_own_host(self.request.host, self.parts.names):
            raise HTTPError(421, "asked under a name that is not this machine's")

    def write_error(self, status_code: int, **_told: Any) -> None:  # noqa: ANN401  tornado's own
        """Say what is wrong in one line of JSON."""
        self.send({"error": self._reason}, status_code)

    def send(self, content: Any, status: int = 200) -> None:  # noqa: ANN401  any JSON
        """Answer with JSON."""
        self.set_status(status)
        body = orjson.dumps(content)
        self.set_header("Content-Type", "application/json")
        if len(body) > 1000 and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Vary", "Accept-Encoding")
            body = gzip.compress(body, 5)
        self.finish(body)


class File(Handler):
    """The page itself, its scripts and styles."""

    def get(self, name: str) -> None:
        """Answer with a file."""
        content = self.parts.files.get(name or "index.html")
        if content is None:
            raise HTTPError(404)
        self.set_header("Content-Type", content.media_type)
        self.set_header("Etag", content.etag)
        self.set_header("Vary", "Accept-Encoding")
        if self.check_etag_header():
            self.set_status(304)
            return
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(content.zipped)
        else:
            self.write(content.body)


class Health(Handler):
    """Whether the service works, and for how many."""

    def get(self) -> None:
        """Answer with the number of viewers."""
        self.send({"status": "ok", "viewers": len(self.parts.audience.news)})


class Start(Handler):
    """What the page needs once."""

    def get(self) -> None:
        """Answer with the products, the coins that have a history and the lake's other pages."""
        self.send({"products": self.parts.products, "coins": self.parts.coins, "links": self.parts.links})


class Recent(Handler):
    """The lines of the last minutes."""

    def get(self) -> None:
        """Answer with each product's points."""
        self.send(self.parts.board.lines())


class Coverage(Handler):
    """How complete the trades are, by hour."""

    async def get(self) -> None:
        """Answer with the last two days."""
        await answer(self, self.parts.coverage)


class History(Handler):
    """A coin's daily prices."""

    async def get(self) -> None:
        """Answer with the closes of the coin that the query names."""
        coin = self.get_query_argument("coin", "")
        if coin not in self.parts.coins:
            raise HTTPError(404)
        await answer(self, self.parts.history, coin)


async def answer(handler: Handler, remembered: Remembered, *key: str) -> None:
    """Answer with what Presto says, or why it says nothing."""
    try:
        handler.send(await remembered.get(*key))
    except CoinlakeError as error:
        handler.send({"error": reason(error)}, 503)


class Events(Handler):
    """The stream of updates."""

    gone = False
    news: asyncio.Event | None = None

    async def get(self) -> None:
        """Send everything, then what changes, until the viewer has gone or reads no more."""
        if self.parts.audience.is_full:
            raise HTTPError(503)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self._keep_buffers_small()
        with self.parts.audience.viewer() as news:
            self.news = news
            try:
                await self._follow(news)
            except (StreamClosedError, TimeoutError):
                self.request.connection.stream.close()  # type: ignore[union-attr]  # of HTTP/1, the only one here

    def on_connection_close(self) -> None:
        """Wake the stream, which then ends."""
        self.gone = True
        if self.news is not None:
            self.news.set()

    async def _follow(self, news: asyncio.Event) -> None:
        await self._write(b"retry: %d\n\n" % RETRY_MS)
        position = self.parts.broadcaster.position(self.request.headers.get("Last-Event-ID", ""))
        while not self.gone:
            news.clear()
            updates, position = self.parts.broadcaster.since(position)
            await self._write(updates or b": still here\n\n")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await news.wait()

    async def _write(self, chunk: bytes) -> None:
        """Send a chunk; raise `TimeoutError` when the viewer does not take it in time."""
        self.write(chunk)
        sent = self.flush()
        if not sent.done():  # the usual case is that the socket has room, and a time limit costs more than the sending
            async with asyncio.timeout(CUT_S):
                await sent

    def _keep_buffers_small(self) -> None:
        stream = self.request.connection.stream  # type: ignore[union-attr]  # of HTTP/1, the only one here
        stream.set_nodelay(True)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def read_files(folder: Path = STATIC) -> dict[str, Content]:
    """Read the page's files, which are small, into memory."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "text/plain"
        media_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        found[path.relative_to(folder).as_posix()] = Content(media_type, body, gzip.compress(body, 9), etag)
    return found


def create_app(parts: Parts) -> Application:
    """Return the application; every address takes GET alone."""
    given = {"parts": parts}
    routes = [
        ("/events", Events),
        ("/health", Health),
        ("/api/start", Start),
        ("/api/recent", Recent),
        ("/api/coverage", Coverage),
        ("/api/history", History),
        ("/(.*)", File),
    ]
    return Application(
        [(path, handler, given) for path, handler in routes],
        default_handler_class=File,
        default_handler_args=given,
        log_function=lambda _handler: None,
    )
