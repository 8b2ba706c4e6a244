"""A server that speaks enough of Presto's protocol to answer one statement after another."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

Answer = dict[str, Any]


def table(columns: dict[str, str], *rows: list[object]) -> Answer:
    """Return an answer of Presto's: columns with their types, and rows."""
    return {"columns": [{"name": name, "type": kind} for name, kind in columns.items()], "data": list(rows)}


class FakePresto(HTTPServer):
    """Answers every statement with `answer`, or as `answers` has it for a word in the statement.

    It keeps what it was asked, with the headers. A table comes in pages of `page_rows`.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = {}
        self.answers: dict[str, Answer] = {}
        self.status = 200
        self.page_rows = 1000
        self.pages_sent = 0
        self.cancelled: list[str] = []
        self.cancel_status = 204
        self.statements: list[str] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def gives(self, columns: dict[str, str], *rows: list[object]) -> None:
        """Make the next answers a table."""
        self.answer = table(columns, *rows)

    def fails(self, name: str, message: str) -> None:
        """Make the next answers an error as Presto words it."""
        self.answer = {"error": {"errorName": name, "message": message, "errorType": "USER_ERROR", "errorCode": 1}}

    def answer_to_last(self) -> Answer:
        """Return the answer to the last statement; to the one that was prepared, if that one is executed."""
        last = "".join(self.statements[-1:])
        asked = self.statements[-2] if last.startswith("EXECUTE") else last
        return next((answer for word, answer in self.answers.items() if word in asked), self.answer)


class _Handler(BaseHTTPRequestHandler):
    server: FakePresto

    def do_POST(self) -> None:
        statement = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.statements.append(statement)
        self.server.headers.append(dict(self.headers.items()))
        added = {"X-Presto-Added-Prepare": "st=SELECT"} if statement.startswith("PREPARE") else {}
        self._reply({"nextUri": f"{self.server.url}/next/0"}, added)

    def do_GET(self) -> None:
        """Answer with the page that the address ends in; what is no page, such as `/v1/info`, gets `answer` itself."""
        number = self.path.removeprefix("/next/")
        if number == self.path:
            self._reply(self.server.answer, {})
        else:
            self._send_page(int(number))

    def _send_page(self, number: int) -> None:
        answer, rows = self.server.answer_to_last(), self.server.page_rows
        self.server.pages_sent += 1
        executes = self.server.statements[-1].split()[0] not in {"PREPARE", "DEALLOCATE"}
        page = answer.get("data", [])[number * rows :] if executes else []
        more = {"nextUri": f"{self.server.url}/next/{number + 1}"} if len(page) > rows else {}
        self._reply({**answer, "data": page[:rows], **more}, {})

    def do_DELETE(self) -> None:
        self.server.cancelled.append(self.path)
        self.send_response(self.server.cancel_status)
        self.end_headers()

    def _reply(self, part: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps({"id": "20261121_000000_00001_abcde", "infoUri": "", "stats": {}, **part}).encode()
        self.send_response(self.server.status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""
