"""A WSGI application served from a thread of its own, with an end that does not wait for idle connections."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from pipeline.errors import ServiceError


class HttpServer:
    """waitress in a daemon thread; it listens from the start, and answers once `start` was called."""

    def __init__(self, app: Flask, host: str, port: int, **options: Any) -> None:  # noqa: ANN401 - waitress's own
        """Bind the port; raise `ServiceError` if that cannot be."""
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(app, map=self._sockets, host=host, port=port, **options)
        except OSError as error:
            wasyncore.close_all(self._sockets, ignore_all=True)
            raise ServiceError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Let the calls under way finish, for `timeout_s` at most, then close every connection."""
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        # Only the loop's own thread may touch its sockets; it ends once none is left. A name such as localhost can
        # stand for several addresses, each with a server of its own in the one loop.
        server = next(one for one in self._sockets.values() if isinstance(one, BaseWSGIServer))
        pulled = threading.Event()

        def close_all() -> None:
            # A loop that is awake for another reason gets here while `pull_trigger` has its byte still to write.
            pulled.wait()
            wasyncore.close_all(self._sockets, ignore_all=True)

        server.trigger.pull_trigger(close_all)
        pulled.set()
        self._thread.join(timeout_s)
