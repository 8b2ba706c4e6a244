"""The service `page`: `python -m monitor.page` serves the lake's start page until a signal."""

from __future__ import annotations

import asyncio
import socket
import sys
from functools import partial
from threading import Event
from typing import Any

from tornado.httpserver import HTTPServer

from monitor.page import health, lake
from monitor.page.board import Board
from monitor.page.broadcast import Audience, Broadcaster
from monitor.page.feed import Feed
from monitor.page.links import links
from monitor.page.remembered import Remembered
from monitor.page.web import Parts, create_app, read_files
from pipeline.errors import ServiceError
from pipeline.kafka.clients import client_config
from pipeline.service_main import service_main
from pipeline.settings import Settings
from pipeline.verbs.background import in_background
from pipeline.web_access import own_names

COVERAGE_S, HISTORY_S = 120.0, 600.0  # how long an answer of Presto is kept
IDLE_S = 75.0  # a connection without a request is closed after so long
MOST_HEADERS = 16_384
STOP_S = 2.0


def main() -> int:
    """Run the service; return its exit code."""
    return service_main(lambda settings, stop: asyncio.run(serve(settings, stop)), quiet=("httpx",))


async def serve(settings: Settings, stop: Event) -> None:
    """Serve the page until the stop.

    Raises:
        ServiceError: the port is taken.
    """
    board, audience = Board(), Audience()
    broadcaster = Broadcaster(board, audience)
    presto = lake.for_person(settings)
    parts = Parts(
        names=own_and_machine_names(settings),
        board=board,
        audience=audience,
        broadcaster=broadcaster,
        files=read_files(),
        products=settings.markets.products,
        coins=settings.markets.coins,
        links=links(settings),
        coverage=Remembered(partial(lake.coverage, presto), COVERAGE_S),
        history=Remembered(partial(lake.history, presto), HISTORY_S),
    )
    server = listen(parts, settings)
    feed = Feed(client_config(settings), board, audience.watched, stop)
    feed.start()
    asked = health.questions(settings, board)
    work: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(broadcaster.run()),
        asyncio.wrap_future(in_background(stop.wait)),
        *(asyncio.ensure_future(health.ask_while_watched(question, audience, board)) for question in asked),
    ]
    try:
        # Only the stop ends; whatever else ends has failed, and the supervisor starts the service again.
        ended, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        stop.set()
        for task in work:
            task.cancel()
        server.stop()
        await server.close_all_connections()
        feed.join(STOP_S)


def own_and_machine_names(settings: Settings) -> frozenset[str]:
    """Return the names by which the page may be called: a browser on this machine may know it by the machine's."""
    return own_names(settings) | {socket.gethostname(), socket.getfqdn()}


def listen(parts: Parts, settings: Settings) -> HTTPServer:
    """Begin to answer; raise `ServiceError` if the port cannot be had."""
    server = HTTPServer(
        create_app(parts), idle_connection_timeout=IDLE_S, max_header_size=MOST_HEADERS, max_body_size=0
    )
    host, port = settings.listen_host, settings.port("page")
    try:
        server.listen(port, host)
    except OSError as error:
        raise ServiceError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return server


if __name__ == "__main__":
    sys.exit(main())
