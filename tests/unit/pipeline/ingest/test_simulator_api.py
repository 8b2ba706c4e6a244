"""The simulator's HTTP face: CoinGecko's calls, its refusals, and faults on demand."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.simulator.coins import day_ms

NOW_S = day_ms("2026-01-15") // 1000 + 45_005
DAY_S = 86_400
COINS = ("bitcoin", "ethereum", "solana", "made-up-coin")


@pytest.fixture
def api():
    return create_simulator(seed=1, clock=lambda: NOW_S + 0.123, coins=COINS).test_client()


def chart(api, coin="bitcoin", start=NOW_S - 100 * DAY_S, end=NOW_S):
    return api.get(f"/api/v3/coins/{coin}/market_chart/range?vs_currency=usd&from={start}&to={end}")


def test_it_answers_and_says_what_it_is(api):
    answer = api.get("/api/v3/ping")
    assert answer.json == {"gecko_says": "(V3) To the Moon!"}
    for path in ("/api/v3/ping", "/api/v3/coins/nocoin", "/nowhere", "/_simulator/faults"):
        assert api.get(path).headers["X-Coinlake-Simulator"] == "1"


def test_current_prices_of_the_listed_coins(api):
    query = "ids=bitcoin,made-up-coin,nocoin&vs_currencies=usd"
    flags = "&include_market_cap=true&include_24hr_vol=true&include_last_updated_at=true&precision=full"
    got = api.get(f"/api/v3/simple/price?{query}{flags}").json
    assert got.keys() == {"bitcoin", "made-up-coin"}
    assert got["bitcoin"].keys() == {"usd", "usd_market_cap", "usd_24h_vol", "last_updated_at"}
    assert got["bitcoin"]["last_updated_at"] == NOW_S
    assert api.get(f"/api/v3/simple/price?{query}").json["bitcoin"] == {"usd": got["bitcoin"]["usd"]}


def test_the_same_question_gets_the_same_answer(api):
    other = create_simulator(seed=1, clock=lambda: NOW_S + 0.123, coins=COINS).test_client()
    assert chart(api).data == chart(api).data == chart(other).data
    assert chart(create_simulator(2, lambda: NOW_S, COINS).test_client()).data != chart(api).data


def test_the_coins_are_listed(api):
    listed = api.get("/api/v3/coins/list").json
    assert {"id": "bitcoin", "symbol": "btc", "name": "Bitcoin"} in listed
    assert {coin["id"] for coin in listed} == set(COINS)


def test_a_coins_page(api):
    page = api.get("/api/v3/coins/bitcoin").json
    assert (page["id"], page["symbol"]) == ("bitcoin", "btc")
    assert page["market_data"]["current_price"]["usd"] > 0
    assert datetime.fromisoformat(page["last_updated"]) == datetime.fromtimestamp(NOW_S, UTC)


def test_days_since_2013_with_the_live_price_at_the_end(api):
    got = chart(api, start=day_ms("2013-01-01") // 1000).json
    days, [live, _] = [stamp for stamp, _ in got["prices"][:-1]], got["prices"][-1]
    assert days == list(range(day_ms("2013-01-01"), NOW_S * 1000, DAY_S * 1000))
    assert live == NOW_S * 1000 + 123
    assert len(got["market_caps"]) == len(got["total_volumes"]) - 1 == len(days)


def test_a_coin_has_no_past_before_its_beginning(api):
    got = chart(api, "solana", start=day_ms("2013-01-01") // 1000).json
    assert got["prices"][0][0] == day_ms("2020-04-11")
    before = chart(api, "solana", day_ms("2013-01-01") // 1000, day_ms("2014-01-01") // 1000).json
    assert before == {"prices": [], "market_caps": [], "total_volumes": []}
    across = chart(api, "solana", day_ms("2020-01-15") // 1000, day_ms("2020-05-01") // 1000).json
    assert [stamp % (DAY_S * 1000) for stamp, _ in across["prices"]] == [0] * 21  # in days: the asked range counts


def test_times_may_be_iso_dates(api):
    path = "/api/v3/coins/bitcoin/market_chart/range?vs_currency=usd"
    by_date = api.get(f"{path}&from=2020-01-01&to=2020-06-01T00:00")
    assert by_date.data == chart(api, start=day_ms("2020-01-01") // 1000, end=day_ms("2020-06-01") // 1000).data


def test_the_whole_history_is_quick(api):
    chart(api)
    begun = time.perf_counter()
    chart(api, start=day_ms("2013-01-01") // 1000)
    assert time.perf_counter() - begun < 1  # 0.03 s on two idle cores


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("coins/nocoin", 404, {"error": "coin not found"}),
        ("coins/nocoin/market_chart/range?vs_currency=usd&from=1&to=2", 404, {"error": "coin not found"}),
        ("simple/price?vs_currencies=usd", 422, {"error": "Missing parameter ids"}),
        ("simple/price?ids=bitcoin", 422, {"error": "Missing parameter vs_currencies"}),
        ("simple/price?ids=bitcoin&vs_currencies=nok", 422, {"error": "invalid vs_currency"}),
        ("coins/bitcoin/market_chart/range?from=1&to=2", 422, {"error": "Missing parameter vs_currency"}),
        ("coins/bitcoin/market_chart/range?vs_currency=usd&to=2", 422, {"error": "Missing parameter from"}),
        ("coins/bitcoin/market_chart/range?vs_currency=usd&from=x&to=2", 422, {"error": "invalid from"}),
        ("coins/bitcoin/market_chart/range?vs_currency=usd&from=1&to=-2", 422, {"error": "invalid to"}),
        ("coins/bitcoin/market_chart/range?vs_currency=usd&from=3&to=2", 422, {"error": "from is after to"}),
        ("coins/nocoin/ohlc?vs_currency=usd&days=1", 404, {"error": "coin not found"}),
        ("coins/bitcoin/ohlc?days=1", 422, {"error": "Missing parameter vs_currency"}),
        ("coins/bitcoin/ohlc?vs_currency=usd", 422, {"error": "Missing parameter days"}),
        ("coins/bitcoin/ohlc?vs_currency=usd&days=2", 422, {"error": "invalid days"}),
        ("coins/bitcoin/ohlc?vs_currency=usd&days=-1", 422, {"error": "invalid days"}),
    ],
)
def test_refusals_are_coingeckos(api, path, status, body):
    answer = api.get(f"/api/v3/{path}")
    assert (answer.status_code, answer.json) == (status, body)


def test_a_public_key_can_be_played(api):
    assert api.post("/_simulator/tier", json={"tier": "demo"}).json == {"tier": "demo"}
    assert chart(api, start=NOW_S - 364 * DAY_S).status_code == 200
    answer = chart(api, start=NOW_S - 366 * DAY_S)
    assert answer.status_code == 401
    assert answer.json["error"]["status"]["error_code"] == 10012
    assert api.post("/_simulator/tier", json={"tier": "gold"}).status_code == 400


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ({"status": 401, "error_code": 10002}, {"status": {"error_code": 10002, "error_message": "API Key Missing"}}),
        ({"status": 404}, {"error": "coin not found"}),
        ({"status": 500}, {"status": 500, "error": "Internal Server Error"}),
        ({"status": 403}, {"error": "error on demand"}),
    ],
)
def test_faults_have_coingeckos_bodies(api, fault, body):
    assert api.post("/_simulator/faults", json=fault).status_code == 201
    answer = api.get("/api/v3/ping")
    assert (answer.status_code, answer.json) == (fault["status"], body)
    assert api.get("/api/v3/ping").status_code == 200


def test_a_rate_limit_on_demand(api):
    api.post("/_simulator/faults", json={"status": 429, "count": 2, "retry_after": 7, "path": "/simple"})
    assert api.get("/api/v3/ping").status_code == 200
    for _ in range(2):
        answer = api.get("/api/v3/simple/price?ids=bitcoin&vs_currencies=usd")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        assert answer.json["status"]["error_code"] == 429
    assert api.get("/api/v3/simple/price?ids=bitcoin&vs_currencies=usd").status_code == 200


def test_any_text_can_be_the_answer(api):
    api.post("/_simulator/faults", json={"status": 200, "body": "<html>"})
    assert api.get("/api/v3/ping").data == b"<html>"


def test_faults_are_listed_and_forgotten(api):
    api.post("/_simulator/faults", json={"status": 503, "count": 3})
    api.get("/api/v3/ping")
    [left] = api.get("/_simulator/faults").json
    assert (left["status"], left["count"]) == (503, 2)
    assert api.delete("/_simulator/faults").status_code == 204
    assert api.get("/_simulator/faults").json == []
    assert api.get("/api/v3/ping").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        [],
        {},
        {"status": "429"},
        {"status": True},
        {"status": 99},
        {"status": 429, "count": 0},
        {"status": 429, "retry_after": -1},
        {"status": 429, "path": 1},
        {"status": 200, "body": {}},
        {"status": 429, "colour": "red"},
    ],
)
def test_an_impossible_fault_is_refused(api, fault):
    answer = api.post("/_simulator/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json["error"]
    assert api.get("/_simulator/faults").json == []


def test_what_is_no_json_is_refused(api):
    assert api.post("/_simulator/faults", data="x").status_code == 415
    assert api.post("/_simulator/tier", data="{", content_type="application/json").status_code == 400
