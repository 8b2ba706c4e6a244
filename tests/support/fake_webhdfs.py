"""A NameNode and a DataNode in one server: WebHDFS hands files out, and takes them, by way of a redirect."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class FakeWebHdfs(HTTPServer):
    """Serves `files`, by their path in HDFS."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeWebHdfs

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        root, _, path = unquote(address.path).partition("/v1/")
        content = self.server.files.get(f"/{path}")
        if parse_qs(address.query).get("op") == ["LISTSTATUS"]:
            self._list(f"/{path}/")
        elif content is None or parse_qs(address.query).get("op") != ["OPEN"]:
            self._reply(404, b'{"RemoteException":{"message":"File does not exist"}}', {})
        elif root == "/webhdfs":
            self._reply(307, b"", {"Location": f"{self.server.url}/datanode{self.path.removeprefix('/webhdfs')}"})
        else:
            self._reply(200, content, {})

    def do_PUT(self) -> None:
        """Answer the NameNode's part with where the DataNode takes the file, as a client with `noredirect` wants it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        root, _, path = unquote(urlsplit(self.path).path).partition("/v1/")
        if root == "/webhdfs":
            place = f"{self.server.url}/datanode{self.path.removeprefix('/webhdfs')}"
            self._reply(200, json.dumps({"Location": place}).encode(), {})
        else:
            self.server.files[f"/{path}"] = body
            self._reply(201, b"", {})

    def do_DELETE(self) -> None:
        path = unquote(urlsplit(self.path).path).partition("/v1/")[2]
        was_there = self.server.files.pop(f"/{path}", None) is not None
        self._reply(200, json.dumps({"boolean": was_there}).encode(), {})

    def _list(self, folder: str) -> None:
        inside = {
            path.removeprefix(folder): content for path, content in self.server.files.items() if path.startswith(folder)
        }
        found = {}
        for name, content in inside.items():
            kind, length = ("DIRECTORY", 0) if "/" in name else ("FILE", len(content))
            first = name.partition("/")[0]
            found[first] = {"pathSuffix": first, "type": kind, "length": length}
        answer = {"FileStatuses": {"FileStatus": list(found.values())}}
        self._reply(200 if found else 404, json.dumps(answer).encode(), {})

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""
