"""The guard on the simulator, whose routes are many: none that writes is forgotten."""

from __future__ import annotations

import pytest

from pipeline.ingest.guard import guard
from pipeline.ingest.simulator.app import create_simulator
from pipeline.settings import load_settings
from pipeline.web_access import HEADERS, READING
from tests.support.exchange import Clock, new_feed

TOKEN = {"Authorization": "Bearer ours"}


@pytest.fixture
def app(tmp_path):
    environ = {"COINLAKE_HOME": str(tmp_path), "COINLAKE_API_TOKEN": "ours", "COINLAKE_OWN_NAMES": "lake.test"}
    clock = Clock()
    app = create_simulator(1, clock, feed=new_feed(clock))
    guard(app, load_settings(environ))
    return app


def test_every_call_that_writes_needs_the_token(app):
    calls = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods - READING}
    assert len(calls) >= 9
    http = app.test_client()
    for path, method in calls:
        for headers in ({}, {"Authorization": "Bearer theirs"}, {"Host": "evil.test"}):
            answer = http.open(path, method=method, headers=headers, json={})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), (method, path)


def test_with_the_token_orders_are_taken(app):
    answer = app.test_client().post("/simulator/exchange/rate", json={"rate": 7}, headers=TOKEN)
    assert (answer.status_code, answer.json["rate"]) == (200, 7)


@pytest.mark.parametrize(("host", "status"), [("evil.test", 403), ("lake.test", 200), ("127.0.0.1:18060", 200)])
def test_the_name_that_it_is_called_by(app, host, status):
    assert app.test_client().get("/api/v3/ping", headers={"Host": host}).status_code == status


def test_answers_carry_the_headers(app):
    for path in ("/api/v3/ping", "/nowhere", "/products/NO-USD/trades"):
        headers = app.test_client().get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
