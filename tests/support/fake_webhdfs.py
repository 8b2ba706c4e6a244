"""A NameNode and a DataNode in one server: WebHDFS hands out files by way of a redirect."""

from __future__ import annotations

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
        if content is None or parse_qs(address.query).get("op") != ["OPEN"]:
            self._reply(404, b'{"RemoteException":{"message":"File does not exist"}}', {})
        elif root == "/webhdfs":
            self._reply(307, b"", {"Location": f"{self.server.url}/datanode{self.path.removeprefix('/webhdfs')}"})
        else:
            self._reply(200, content, {})

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""
