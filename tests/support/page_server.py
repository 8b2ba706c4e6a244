"""The page's server on a port of its own, with a board that the test fills, and Presto as the test has it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from monitor.page.board import Board
from monitor.page.broadcast import Audience, Broadcaster
from monitor.page.remembered import Answer, Remembered
from monitor.page.web import Parts, create_app, read_files
from pipeline.errors import PrestoUnreachableError

PRODUCTS = ("BTC-USD", "DOGE-USD")
COINS = ("bitcoin", "ethereum")
LINKS = [{"name": "presto", "title": "Presto", "path": "/", "port": 18080}]


@dataclass
class PageServer:
    """A running server and what it serves from."""

    board: Board = field(default_factory=Board)
    audience: Audience = field(default_factory=Audience)
    coverage: Answer | None = None  # None: Presto is down
    asked: list[tuple[str, ...]] = field(default_factory=list)
    port: int = 0  # 0: a free one
    history: Answer = field(default_factory=lambda: {"coin": "bitcoin", "first_day": None, "closes": [], "sources": []})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, *key: str) -> Answer:
        """Stand for a question to Presto: of a coin's history, or of the coverage."""
        self.asked.append(key)
        if self.coverage is None:
            raise PrestoUnreachableError("http://presto:1", "refused")
        return self.history if key else self.coverage

    async def serve(self, ready: threading.Event, stop: threading.Event) -> None:
        """Serve until the stop."""
        broadcaster = Broadcaster(self.board, self.audience)
        parts = Parts(
            names=frozenset(),
            board=self.board,
            audience=self.audience,
            broadcaster=broadcaster,
            files=read_files(),
            products=PRODUCTS,
            coins=COINS,
            links=LINKS,
            coverage=Remembered(self.ask, 60.0),
            history=Remembered(self.ask, 60.0),
        )
        server = HTTPServer(create_app(parts), max_body_size=0)
        sockets = bind_sockets(self.port, "127.0.0.1")
        server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        publishing = asyncio.ensure_future(broadcaster.run())
        ready.set()
        while not stop.is_set():
            await asyncio.sleep(0.02)
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0.1)  # the streams notice


@contextmanager
def page_server(port: int = 0) -> Iterator[PageServer]:
    """Serve the page during the block."""
    page, ready, stop = PageServer(port=port), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(page.serve(ready, stop)))
    thread.start()
    try:
        assert ready.wait(10)
        yield page
    finally:
        stop.set()
        thread.join()
