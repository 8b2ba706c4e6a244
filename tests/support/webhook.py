"""A receiver of webhooks: a real HTTP server that notes each message, and fails where a test wants it to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.served import served


@dataclass(frozen=True)
class Received:
    """One request: its idempotency key, its JSON, its headers and how it was answered."""

    key: str
    body: dict[str, Any]
    headers: dict[str, str]
    raw: bytes
    status: int


@dataclass
class Receiver:
    """What has come; `answers` are the statuses (with headers) of the next requests, then 200."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def taken(self) -> list[Received]:
        """The requests that were answered with success."""
        return [request for request in self.requests if request.status == 200]

    @property
    def times_taken(self) -> Counter[str]:
        """How often each key was taken; a receiver that drops repeats keeps one of each."""
        return Counter(request.key for request in self.taken)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Have a receiver at work in the block; `url` is its address as a channel."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = found.answers.pop(0) if found.answers else (200, {})
            key = self.headers.get("Idempotency-Key", "")
            found.requests.append(Received(key, json.loads(raw), dict(self.headers), raw, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"webhook://127.0.0.1:{server.server_address[1]}/hook"
    with served(server):
        yield found
