"""The HTTP server of the workspace, on a free port of 127.0.0.1."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.databricks.clusters import Clusters
from tests.support.databricks.faults import CUT, DONE_THEN_CUT, HALF, HANG, ApiError, Fault
from tests.support.databricks.files import Files
from tests.support.databricks.runs import Runs
from tests.support.served import served

TOKEN = "dapi-planted-0123456789"
USER = "ada@example.com"
FILES, DIRECTORIES = "/api/2.0/fs/files", "/api/2.0/fs/directories"
Call = Callable[[Mapping[str, str], dict[str, Any]], dict[str, Any]]


class Workspace(ThreadingHTTPServer):
    """One workspace with its state, the calls it got, and the faults it was told to make."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.clusters = Files(root), Clusters()
        self.runs = Runs(self.files, self.clusters)
        self.faults: list[Fault] = []
        self.calls: list[str] = []  # "METHOD /path?query"
        self.closing = Event()
        self.table: dict[tuple[str, str], Call] = {
            ("GET", "/.well-known/databricks-config"): lambda _query, _body: {},
            ("GET", "/api/2.0/preview/scim/v2/Me"): lambda _query, _body: {"userName": USER},
            ("POST", "/api/2.0/workspace/mkdirs"): lambda _query, _body: {},
            ("POST", "/api/2.0/workspace/import"): self.files.import_notebook,
            ("POST", "/api/2.0/workspace/delete"): self.files.remove_notebooks,
            ("POST", "/api/2.0/dbfs/put"): self.files.dbfs_put,
            ("POST", "/api/2.0/dbfs/create"): self.files.dbfs_create,
            ("POST", "/api/2.0/dbfs/add-block"): self.files.dbfs_add_block,
            ("POST", "/api/2.0/dbfs/close"): self.files.dbfs_close,
            ("POST", "/api/2.0/dbfs/delete"): self.files.dbfs_delete,
            ("GET", "/api/2.0/dbfs/get-status"): self.files.dbfs_status,
            ("GET", "/api/2.0/dbfs/list"): self.files.dbfs_list,
            ("GET", "/api/2.0/dbfs/read"): self.files.dbfs_read,
            ("POST", "/api/2.1/clusters/create"): self.clusters.create,
            ("GET", "/api/2.1/clusters/get"): self.clusters.get,
            ("GET", "/api/2.1/clusters/list"): self.clusters.list,
            ("GET", "/api/2.1/clusters/list-node-types"): self.clusters.node_types,
            ("POST", "/api/2.1/clusters/permanent-delete"): self.clusters.permanent_delete,
            ("POST", "/api/2.2/jobs/runs/submit"): self.runs.submit,
            ("GET", "/api/2.2/jobs/runs/get"): self.runs.get,
            ("GET", "/api/2.2/jobs/runs/get-output"): self.runs.get_output,
            ("GET", "/api/2.2/jobs/runs/list"): self.runs.list,
            ("POST", "/api/2.2/jobs/runs/cancel"): self.runs.cancel,
        }

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def fail(self, word: str, answer: ApiError | str, *, after: int = 0, times: int = 1_000_000) -> None:
        """Answer calls that have this word in "METHOD /path" with a fault."""
        self.faults.append(Fault(word, answer, after, times))

    def handle_error(self, *_request: object) -> None:
        """Stay quiet when a client goes away."""


@contextmanager
def running_workspace(root: Path) -> Iterator[Workspace]:
    """Run a workspace whose files lie below `root`."""
    server = Workspace(root)
    with served(server):
        try:
            yield server
        finally:
            server.closing.set()


class _Handler(BaseHTTPRequestHandler):
    server: Workspace

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append(f"{self.command} {self.path}")
        fault = next((one for one in self.server.faults if one.strikes(f"{self.command} {self.path}")), None)
        try:
            if fault is not None and isinstance(fault.answer, ApiError):
                raise fault.answer
            if fault is not None and fault.answer in {HANG, CUT}:
                self.server.closing.wait(10 if fault.answer == HANG else 0)
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            content = self._obey(body)
        except ApiError as error:
            self._reply(error.status, json.dumps(error.body).encode(), None)
            return
        if fault is not None and fault.answer == DONE_THEN_CUT:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._reply(200, content, len(content) // 2 if fault is not None and fault.answer == HALF else None)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _obey(self, body: bytes) -> bytes:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and not path.startswith("/.well-known"):
            raise ApiError(401, "UNAUTHENTICATED", "Invalid access token")
        if path.startswith(FILES):
            return self._file(path.removeprefix(FILES), body)
        if path.startswith(DIRECTORIES):
            return self._directory(path.removeprefix(DIRECTORIES))
        call = self.server.table.get((self.command, path))
        if call is None:
            raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {path}'")
        return json.dumps(call(dict(parse_qsl(parts.query)), json.loads(body or b"{}"))).encode()

    def _directory(self, path: str) -> bytes:
        if self.command == "GET":
            return json.dumps(self.server.files.list_directory(path)).encode()
        self.server.files.delete_directory(path)
        return b""

    def _file(self, path: str, body: bytes) -> bytes:
        if self.command == "PUT":
            self.server.files.put(path, body)
        elif self.command == "DELETE":
            self.server.files.delete(path)
        else:
            return self.server.files.content(path)
        return b""

    def _reply(self, status: int, content: bytes, cut_at: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content[:cut_at])

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""
