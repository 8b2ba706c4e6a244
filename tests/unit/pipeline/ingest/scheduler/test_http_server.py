from __future__ import annotations

import os
import socket
import threading
import time

import httpx
import pytest
from flask import Flask, request
from waitress.trigger import trigger

from pipeline.errors import ServiceError
from pipeline.ingest.scheduler.http_server import HttpServer


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def app():
    app = Flask("test")
    app.get("/quick")(lambda: "quick")
    return app


def test_it_ends_although_a_client_keeps_its_connection(app, port):
    server = HttpServer(app, "127.0.0.1", port)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/quick").text == "quick"
        start = time.monotonic()
        server.stop(5)
        assert time.monotonic() - start < 1
        with pytest.raises(httpx.HTTPError):
            client.get("/quick")


def test_a_call_under_way_is_finished(app, port):
    entered, go, answers = threading.Event(), threading.Event(), []

    @app.get("/slow")
    def slow():
        entered.set()
        go.wait(5)
        return "whole"

    server = HttpServer(app, "127.0.0.1", port)
    server.start()
    call = threading.Thread(target=lambda: answers.append(httpx.get(f"http://127.0.0.1:{port}/slow").text))
    call.start()
    assert entered.wait(5)
    threading.Timer(0.1, go.set).start()
    server.stop(5)
    call.join(5)
    assert answers == ["whole"]


def test_the_trigger_is_there_until_it_is_pulled(app, port, monkeypatch):
    """A call that ends wakes the loop, which then closes all before the thread that asked for it wrote its byte."""

    def pull_late(self):
        os.write(self.trigger, b"x")  # as the end of a call does
        time.sleep(0.2)
        os.write(self.trigger, b"x")

    server = HttpServer(app, "127.0.0.1", port)
    server.start()
    monkeypatch.setattr(trigger, "_physical_pull", pull_late)
    server.stop(5)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/quick")


def test_a_port_that_is_taken(app):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ServiceError, match="cannot listen on 127"):
            HttpServer(app, "127.0.0.1", other.getsockname()[1])


def say(port: int, head: str, body: bytes = b"") -> bytes:
    """Send a request as it stands, and return all that is answered until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def guarded(app, port):
    @app.post("/take")
    def take():
        return f"{len(request.get_data())} bytes"

    server = HttpServer(app, "127.0.0.1", port, lambda header: header == "Bearer ours")
    server.start()
    yield port
    server.stop(5)


@pytest.mark.parametrize("length", ["Content-Length: 900000000", "Transfer-Encoding: chunked"])
def test_no_body_is_taken_from_a_stranger(guarded, length):
    answer = say(guarded, f"POST /take HTTP/1.1\nHost: a\nExpect: 100-continue\n{length}\nAuthorization: Bearer theirs")
    assert answer.startswith(b"HTTP/1.1 200 OK"), "at once: the body was not waited for, nor asked for"
    assert answer.endswith(b"0 bytes")
    assert b"Connection: close" in answer


def test_what_a_stranger_sends_as_a_body_is_no_second_request(guarded):
    second = b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = say(guarded, f"POST /take HTTP/1.1\nHost: a\nContent-Length: {len(second)}", second)
    assert (answer.count(b"HTTP/1.1"), b"quick" in answer) == (1, False)


def test_who_may_write_is_heard_out(guarded):
    head = "POST /take HTTP/1.1\nHost: a\nConnection: close\nContent-Length: 3\nAuthorization: Bearer ours"
    assert say(guarded, head, b"abc").endswith(b"3 bytes")
