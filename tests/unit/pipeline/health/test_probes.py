"""The readiness probes against servers of a few lines on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.health import kafka_probe, probes, thrift
from pipeline.settings import Settings, load_settings
from tests.support.served import served

Answer = tuple[int, str]
Make = Callable[..., Settings]


@contextmanager
def http_server(answer: Callable[[str, str, bytes], Answer]) -> Iterator[str]:
    """Serve `answer(method, path, body)`; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            code, text = answer(self.command, self.path, body)
            self.send_response(code)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - the base class's names

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with served(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@contextmanager
def socket_server(reply: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one connection with fixed bytes; yield the address and what was asked."""
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(1000))
            connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"thrift://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda **env: load_settings({"COINLAKE_HOME": str(tmp_path), **env})


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- HDFS ---


def webhdfs(method: str, path: str, body: bytes, stored: dict[str, bytes], base: list[str]) -> Answer:
    name = path.partition("?")[0]
    if "op=MKDIRS" in path:
        return 200, '{"boolean": true}'
    if "noredirect=true" in path:
        return 200, json.dumps({"Location": f"{base[0]}{name}"})
    if method == "PUT":
        stored[name] = body
        return 201, ""
    if method == "GET":
        return 200, stored[name].decode()
    del stored[name]
    return 200, '{"boolean": true}'


def test_hdfs_is_ready_when_a_file_comes_back(make: Make) -> None:
    stored: dict[str, bytes] = {}
    base: list[str] = []
    with http_server(lambda *request: webhdfs(*request, stored, base)) as url:
        base.append(url)
        assert probes.check("namenode", make(HDFS_HTTP_URL=url)) is None
        assert probes.check("datanode", make(HDFS_HTTP_URL=url)) is None
    assert stored == {}


def test_hdfs_that_gives_back_something_else_is_not_ready(make: Make) -> None:
    base: list[str] = []

    def forgetful(method: str, path: str, body: bytes) -> Answer:
        return webhdfs(method, path, b"" if method == "PUT" else body, stored, base)

    stored: dict[str, bytes] = {}
    with http_server(forgetful) as url:
        base.append(url)
        assert probes.check("datanode", make(HDFS_HTTP_URL=url)) == "HDFS gave back b'' for b'coinlake'"


def test_safe_mode_is_told(make: Make) -> None:
    with http_server(lambda *_request: (403, "Cannot create directory. Name node is in safe mode.")) as url:
        assert "403 Cannot create directory. Name node is in safe mode." in str(
            probes.check("namenode", make(HDFS_HTTP_URL=url))
        )


# --- the metastore ---


def thrift_reply(names: list[str]) -> bytes:
    method = b"get_all_databases"
    encoded = b"".join(struct.pack(">i", len(name)) + name.encode() for name in names)
    header = struct.pack(">Ii", 0x80010002, len(method)) + method + struct.pack(">i", 0)
    return header + struct.pack(">BhBi", 15, 0, 11, len(names)) + encoded + b"\0"


def test_the_metastore_is_asked_for_its_databases(make: Make) -> None:
    with socket_server(thrift_reply(["default", "crypto"])) as (uri, asked):
        assert probes.check("metastore", make(METASTORE_URI=uri)) is None
    # A strict binary CALL (1) of get_all_databases, sequence 0, no arguments.
    assert asked == [b"\x80\x01\x00\x01\x00\x00\x00\x11get_all_databases\x00\x00\x00\x00\x00"]


def test_names_are_read_from_the_wire() -> None:
    with socket_server(thrift_reply(["default", "crypto"])) as (uri, _asked):
        assert thrift.get_all_databases(uri, 5) == ["default", "crypto"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", "ends in its middle"),
        (thrift_reply(["default"])[:-4], "ends in its middle"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a length of"),
        (b"\x80\x01\x00\x03" + thrift_reply([])[4:], r"refused the call \(message type 3\)"),
        (thrift_reply([])[:29] + b"\x0c\x00\x01", "an error instead of a list"),
        (thrift_reply(["crypto"]), r"has no database `default`, only \['crypto'\]"),
    ],
)
def test_another_answer_is_not_ready(make: Make, reply: bytes, reason: str) -> None:
    with socket_server(reply) as (uri, _asked):
        assert re.search(reason, str(probes.check("metastore", make(METASTORE_URI=uri))))


# --- Presto ---


def test_presto_is_followed_to_its_rows(make: Make) -> None:
    base: list[str] = []

    def presto(method: str, path: str, body: bytes) -> Answer:
        if method == "POST":
            assert body == b"SELECT 1"
            return 200, json.dumps({"nextUri": f"{base[0]}/next"})
        return 200, json.dumps({"data": [[1]]})

    with http_server(presto) as url:
        base.append(url)
        assert probes.check("presto", make(PRESTO_URL=url)) is None


def test_presto_without_a_worker_says_so(make: Make) -> None:
    answer = json.dumps({"error": {"message": "No worker nodes available"}})
    with http_server(lambda *_request: (200, answer)) as url:
        assert probes.check("presto", make(PRESTO_URL=url)) == "SELECT 1: No worker nodes available"


# --- our own services ---


@pytest.mark.parametrize(("answer", "is_ready"), [('{"status": "ok"}', True), ('{"status": "stopping"}', False)])
def test_the_scheduler_tells_its_health(
    make: Make, monkeypatch: pytest.MonkeyPatch, answer: str, is_ready: bool
) -> None:
    with http_server(lambda *_request: (200, answer)) as url:
        monkeypatch.setattr(Settings, "url", lambda _self, _name: url)
        assert (probes.check("scheduler", make()) is None) == is_ready


@pytest.mark.parametrize(
    ("age_s", "pid", "reason"),
    [(0, os.getpid(), None), (60, os.getpid(), "the last heartbeat of spark was 60 s ago"), (0, 2**22 - 1, "0 s ago")],
    ids=["beats", "stopped beating", "gone"],  # the same in each process of a run: not this one's pid
)
def test_the_streams_are_ready_while_their_heart_beats(make: Make, age_s: int, pid: int, reason: str | None) -> None:
    ours = make()
    ours.run_dir.mkdir()
    (ours.run_dir / "spark.json").write_text(json.dumps({"pid": pid, "time": time.time() - age_s, "batches": {}}))
    told = probes.check("spark", ours)
    assert told == reason or (reason is not None and reason in str(told))


def test_streams_without_a_heartbeat_are_not_ready(make: Make) -> None:
    assert probes.check("spark", make()) == "no heartbeat of spark yet"


@pytest.mark.parametrize("name", ["kafka", "topics", "namenode", "metastore", "presto", "scheduler", "notebook"])
def test_a_closed_port_is_not_ready(make: Make, monkeypatch: pytest.MonkeyPatch, closed_port: int, name: str) -> None:
    monkeypatch.setattr(kafka_probe, "ANSWER_S", 0.3)
    monkeypatch.setattr(Settings, "url", lambda _self, _name: f"http://127.0.0.1:{closed_port}")
    ours = make(
        KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{closed_port}",
        HDFS_HTTP_URL=f"http://127.0.0.1:{closed_port}",
        METASTORE_URI=f"thrift://127.0.0.1:{closed_port}",
        PRESTO_URL=f"http://127.0.0.1:{closed_port}",
    )
    assert f"127.0.0.1:{closed_port}" in str(probes.check(name, ours))


# --- waiting, and the command line ---


def test_waiting_ends_with_the_first_success(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = iter(["not yet", "still not", None])
    monkeypatch.setattr(probes, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(probes, "check", lambda _name, _settings: next(reasons))
    assert probes.wait("kafka", make(), 60) is None
    assert list(reasons) == []


def test_waiting_gives_up_with_the_last_reason(make: Make) -> None:
    assert probes.wait("spark", make(), 0) == "no heartbeat of spark yet"


def test_the_command_line_names_what_is_not_ready(
    make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setattr(probes, "check", lambda name, _settings: None if name == "kafka" else "asleep")
    monkeypatch.setattr(sys, "argv", ["probes", "kafka"])
    assert probes.main() == 0
    monkeypatch.setattr(sys, "argv", ["probes", "kafka", "spark"])
    assert probes.main() == 1
    assert capsys.readouterr().err == "spark: asleep\n"
