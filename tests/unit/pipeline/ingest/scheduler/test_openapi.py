"""The OpenAPI description is true: of the routes, of the docs, and of every answer that schemathesis gets."""

from __future__ import annotations

import re
import socket
from functools import partial

import pytest

from pipeline.ingest.guard import may_write
from pipeline.ingest.scheduler.api import create_app
from pipeline.ingest.scheduler.calls import CALLS
from pipeline.ingest.scheduler.http_server import HttpServer
from pipeline.settings import CHECKOUT
from tests.support.conformance import deviations
from tests.support.scheduler_api import CSV, TOKEN

WRITING = [call for call in CALLS if call.writes]
GIVEN_BY_FLASK = {"HEAD", "OPTIONS"}


def test_each_route_is_described_and_each_description_is_a_route(deps):
    routes = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in create_app(deps).url_map.iter_rules()
        for method in rule.methods - GIVEN_BY_FLASK
    }
    assert routes == {call.name for call in CALLS}


def test_the_docs_name_each_call():
    text = (CHECKOUT / "docs/operations.md").read_text(encoding="utf-8")
    section = text.partition("## The scheduler's HTTP interface")[2].partition("\n## ")[0]
    told = set(re.findall(r"`((?:GET|POST) /[^`? ]*)", section))
    assert sorted(path.replace("<id>", "{job_id}") for path in told) == sorted(call.name for call in CALLS)


def test_the_description_says_which_calls_need_the_token(client):
    paths = client.get("/openapi.json").json["paths"]
    secured = {
        f"{method.upper()} {path}" for path in paths for method in paths[path] if "security" in paths[path][method]
    }
    assert secured == {call.name for call in CALLS if call.name.startswith("POST")}


@pytest.mark.parametrize("call", WRITING, ids=lambda call: call.name)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Host": "evil.test"}], ids=str)
@pytest.mark.parametrize("body", [b"", CSV, b"[", b"x" * 2_000_000], ids=len)
def test_writing_needs_the_token_before_all_else(client, deps, call, headers, body):
    answer = client.open(call.path, method=call.method, headers=headers, data=body)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "COINLAKE_API_TOKEN" in answer.json["error"]
    assert deps.jobs.latest() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "POST"])
def test_no_method_that_may_write_passes_without_the_token(client, method):
    for path in ("/", "/jobs", "/nowhere"):
        assert client.open(path, method=method).status_code == 401


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_foreign_name_is_refused(client, call):
    answer = client.open(call.path, method=call.method, headers={**TOKEN, "Host": "evil.test"})
    assert (answer.status_code, "COINLAKE_OWN_NAMES" in answer.json["error"]) == (403, True)


@pytest.mark.parametrize("path", ["/", "/metrics", "/nowhere", "/poll"])
def test_every_answer_forbids_what_a_browser_might_do_with_it(client, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers


def test_every_answer_is_as_described(deps):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = HttpServer(create_app(deps), "127.0.0.1", port, partial(may_write, deps.settings), ident="coinlake")
    server.start()
    try:
        calls, found = deviations(f"http://127.0.0.1:{port}", TOKEN, examples=10)
    finally:
        server.stop(5)
    assert "\n".join(found) == ""
    assert calls > 100
