"""A server that speaks enough of Presto's protocol to answer one statement after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from analysis.lake import Lake, connect
from pipeline.settings import load


class FakePresto(HTTPServer):
    """Answers every statement with `answer` and keeps what it was asked, with the headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: dict[str, Any] = {}
        self.status = 200
        self.statements: list[str] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def gives(self, columns: dict[str, str], *rows: list[object]) -> None:
        """Make the next answers a table."""
        described = [{"name": name, "type": presto_type} for name, presto_type in columns.items()]
        self.answer = {"columns": described, "data": list(rows)}

    def fails(self, name: str, message: str) -> None:
        """Make the next answers an error as Presto words it."""
        self.answer = {"error": {"errorName": name, "message": message, "errorType": "USER_ERROR", "errorCode": 1}}


class _Handler(BaseHTTPRequestHandler):
    server: FakePresto

    def do_POST(self) -> None:
        statement = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.statements.append(statement)
        self.server.headers.append(dict(self.headers.items()))
        added = {"X-Presto-Added-Prepare": "st=SELECT"} if statement.startswith("PREPARE") else {}
        self._reply({"nextUri": f"{self.server.url}/next"}, added)

    def do_GET(self) -> None:
        self._reply(self.server.answer, {})

    def _reply(self, part: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps({"id": "20261121_000000_00001_abcde", "infoUri": "", "stats": {}, **part}).encode()
        self.send_response(self.server.status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


@pytest.fixture
def presto() -> Iterator[FakePresto]:
    """A Presto that says what the test tells it to."""
    server = FakePresto()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lake(presto: FakePresto, tmp_path: Any) -> Lake:
    """The module under test, pointed at that server."""
    return connect(load({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": presto.url}))
