"""A WSGI application served from a thread of its own, with an end that does not wait for idle connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server

from pipeline.errors import ServiceError

MayWrite = Callable[[str | None], bool]
"""Takes an Authorization header and tells whether its sender may write."""


class HttpServer:
    """waitress in a daemon thread; it listens from the start, and answers once `start` was called."""

    def __init__(
        self,
        app: Flask,
        host: str,
        port: int,
        may_write: MayWrite = lambda _header: True,
        **options: Any,  # noqa: ANN401 - waitress's own
    ) -> None:
        """Bind the port; raise `ServiceError` if that cannot be.

        No body is taken from a caller who may not write: the application is asked without one, and refuses the call.
        """
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(app, map=self._sockets, host=host, port=port, **options)
        except OSError as error:
            wasyncore.close_all(self._sockets, ignore_all=True)
            raise ServiceError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        for server in self._servers():
            server.channel_class = _channel_class(may_write)
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Let the calls under way finish, for `timeout_s` at most, then close every connection."""
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        # Only the loop's own thread may touch its sockets; it ends once none is left. A name such as localhost can
        # stand for several addresses, each with a server of its own in the one loop.
        server = self._servers()[0]
        pulled = threading.Event()

        def close_all() -> None:
            # A loop that is awake for another reason gets here while `pull_trigger` has its byte still to write.
            pulled.wait()
            wasyncore.close_all(self._sockets, ignore_all=True)

        server.trigger.pull_trigger(close_all)
        pulled.set()
        self._thread.join(timeout_s)

    def _servers(self) -> list[BaseWSGIServer]:
        return [one for one in self._sockets.values() if isinstance(one, BaseWSGIServer)]


def _channel_class(may_write: MayWrite) -> type[HTTPChannel]:
    """Return a kind of connection that does not let strangers fill the disk: bodies wait there until they are whole."""

    class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
        body_rcv: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.body_rcv is not None and not may_write(self.headers.get("AUTHORIZATION")):
                self.body_rcv, self.content_length, self.chunked, self.expect_continue = None, 0, False, False
                self.headers.pop("CONTENT_LENGTH", None)
                self.headers["CONNECTION"] = "close"  # what still comes is no next request

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class = Parser

    return Channel
