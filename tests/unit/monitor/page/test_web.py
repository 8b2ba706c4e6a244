"""The page over HTTP: a real server and real connections, with a board that the test fills."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from monitor.page import web
from tests.support.page_server import PageServer, page_server

WAIT_S = 20.0
ADDRESSES = ("/", "/js/main.js", "/health", "/api/start", "/api/recent", "/nothing", "/api/coverage", "/events?x")


@pytest.fixture
def page() -> Iterator[PageServer]:
    with page_server() as server:
        yield server


@pytest.fixture
def client(page: PageServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, timeout=WAIT_S, trust_env=False) as client:
        yield client


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def lines(answer: httpx.Response) -> Iterator[str]:
    return (line for line in answer.iter_lines() if line.startswith("data: "))


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(client: httpx.Client, address: str) -> None:
    with client.stream("GET", address) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    for rule in ("script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "coinlake"


@pytest.mark.parametrize("address", ["/", "/events", "/api/history?coin=bitcoin"])
def test_a_request_under_a_strangers_name_is_refused(client: httpx.Client, address: str, page: PageServer) -> None:
    answer = client.get(address, headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert page.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_can_be_written(client: httpx.Client, method: str, address: str) -> None:
    assert client.request(method, address).status_code == 405


def test_files_are_sent_once_and_small(client: httpx.Client) -> None:
    first = client.get("/")
    assert first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>Coinlake</title>" in first.text
    again = client.get("/", headers={"If-None-Match": first.headers["Etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/js/main.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["/../web.py", "/js/../../web.py", "/%2e%2e/web.py", "//etc/passwd", "/js", "/js/"])
def test_nothing_but_the_pages_files_is_served(page: PageServer, name: str) -> None:
    at = urlsplit(page.url)
    with socket.create_connection((at.hostname, at.port), timeout=WAIT_S) as raw:
        raw.sendall(f"GET {name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 404")


def test_an_answer_of_presto_is_asked_for_once(client: httpx.Client, page: PageServer) -> None:
    page.coverage = {"products": ["x" * 2000]}
    first, second = client.get("/api/coverage"), client.get("/api/coverage")
    assert first.json() == second.json() == page.coverage
    assert first.headers["Content-Encoding"] == "gzip"
    assert page.asked == [()]


def test_a_presto_that_is_down_is_said(client: httpx.Client) -> None:
    answer = client.get("/api/history", params={"coin": "bitcoin"})
    assert (answer.status_code, answer.json()) == (503, {"error": "Presto at http://presto:1 does not answer"})


@pytest.mark.parametrize("query", ["", "?coin=", "?coin=nope", "?coin=bitcoin'--", "?coin=%00"])
def test_only_the_lakes_coins_have_a_history(client: httpx.Client, page: PageServer, query: str) -> None:
    assert client.get(f"/api/history{query}").status_code in {400, 404}
    assert page.asked == []


def test_a_viewer_gets_everything_and_then_each_change(client: httpx.Client, page: PageServer) -> None:
    page.board.put("x", {"k": 1})
    with client.stream("GET", "/events") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        data = lines(answer)
        assert '"k":1' in next(data)
        page.board.put("x", {"k": 2})
        assert any('"k":2' in line for line in data)
    eventually(lambda: not page.audience.news)


def test_who_reconnects_gets_what_was_missed(client: httpx.Client, page: PageServer) -> None:
    with client.stream("GET", "/events") as answer:
        text = answer.iter_lines()
        assert next(text) == f"retry: {web.RETRY_MS}"
        event_id = next(line for line in text if line.startswith("id: ")).removeprefix("id: ")
    page.board.put("x", {"k": 7})
    with client.stream("GET", "/events", headers={"Last-Event-ID": event_id}) as answer:
        text = answer.iter_lines()
        assert next(line for line in text if line.startswith("event: ")) == "event: update"
        assert '"k":7' in next(text)


def test_a_quiet_stream_has_a_heartbeat(
    client: httpx.Client, page: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "BEAT_S", 0.05)
    with client.stream("GET", "/events") as answer:
        assert any(line.startswith(": ") for line in answer.iter_lines())


def test_a_viewer_that_never_reads_is_cut_and_slows_nobody(
    client: httpx.Client, page: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "CUT_S", 1.0)
    at = urlsplit(page.url)
    with socket.socket() as never_reads, client.stream("GET", "/events") as answer:
        never_reads.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        never_reads.connect((at.hostname, at.port))
        never_reads.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: len(page.audience.news) == 2)
        data, seen = lines(answer), 0
        while len(page.audience.news) == 2:
            seen += 1
            assert seen < 100
            page.board.put("x", {"k": f"{seen}." + "y" * 100_000})
            assert any(f'"{seen}.' in line for line in data)  # the next one is not held up
        assert seen > 2
        assert client.get("/health").json() == {"status": "ok", "viewers": 1}


def test_there_is_a_limit_to_viewers(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.page.broadcast.MOST_VIEWERS", 0)
    assert client.get("/events").status_code == 503


def test_files_are_read_with_their_compressed_form() -> None:
    files = web.read_files()
    assert {"index.html", "page.css", "js/main.js", "vendor/uplot/uPlot.iife.min.js"} <= files.keys()
    assert all(gzip.decompress(content.zipped) == content.body for content in files.values())
