"""The HTTP client: exact numbers, errors that say whether a retry helps, and patience that ends."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from pipeline.errors import (
    BadDataError,
    FinalSourceError,
    RangeNotAllowedError,
    RateLimitedError,
    RetryableSourceError,
    SourceError,
    UnknownCoinError,
)
from pipeline.ingest import http
from pipeline.ingest.http import HttpClient, RetryPolicy
from pipeline.ingest.ratelimit import TokenBucket
from tests.support.market import Market, reply

ONE_TRY = RetryPolicy(attempts=1)
URL = "https://market.test/api"


def client(market: Market, retry: RetryPolicy | None = None) -> HttpClient:
    parts = market.parts(retry)
    return HttpClient("test", URL, TokenBucket(1000, 1000, parts.clock, parts.sleep), parts=parts)


def failure(answer: httpx.Response | Exception, coin: str | None = None) -> Exception:
    with pytest.raises(SourceError) as caught:
        client(Market([answer]), ONE_TRY).get("/x", {}, coin)
    return caught.value


def test_numbers_are_exact():
    body = '{"a": 0.1234567890123456789, "b": 123456789012345678901234567890, "c": 3.844E-5, "d": NaN, "e": 1.0}'
    got = client(Market([reply(body)])).get("/x", {}).body
    assert got["a"] == Decimal("0.1234567890123456789")
    assert got["b"] == 123456789012345678901234567890
    assert got["c"] == Decimal("0.00003844")
    assert got["d"].is_nan()
    assert str(got["e"]) == "1.0"
    assert not any(isinstance(value, float) for value in got.values())


def test_path_parameters_and_headers_are_sent():
    market = Market([reply({}, headers={"X-Coinlake-Simulator": "1"})])
    got = client(market).get("/simple/price", {"ids": "bitcoin,ethereum", "page": 2})
    assert market.requests[0].url.path == "/api/simple/price"
    assert market.queries() == [{"ids": "bitcoin,ethereum", "page": "2"}]
    assert market.requests[0].headers["user-agent"].startswith("coinlake")
    assert got.headers["x-coinlake-simulator"] == "1"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("60", 60.0),
        ("0", 0.0),
        ("Thu, 15 Jan 2026 12:31:05 GMT", 60.0),
        ("Thu, 15 Jan 2026 12:31:05 -0000", 60.0),
        ("Thu, 15 Jan 2026 12:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_read(header, expected):
    error = failure(reply({}, 429, {"Retry-After": header} if header else None))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s == expected


TOP = {"status": {"error_code": 10012, "error_message": "exceeds the allowed time range"}}
NESTED = {"error": TOP}


@pytest.mark.parametrize("body", [TOP, NESTED])
@pytest.mark.parametrize("status", [401, 200])
def test_a_range_the_key_does_not_reach(body, status):
    error = failure(reply(body, status))
    assert isinstance(error, RangeNotAllowedError)
    assert "exceeds the allowed time range" in str(error)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (10002, "set COINGECKO_API_KEY"),
        (10005, "plan of this API key"),
        (10010, "COINGECKO_TIER=pro"),
        (10011, "COINGECKO_TIER=demo"),
    ],
)
def test_key_errors_name_the_remedy(code, remedy):
    error = failure(reply({"status": {"error_code": code, "error_message": "no"}}, 401))
    assert type(error) is FinalSourceError
    assert remedy in str(error)
    assert str(code) in str(error)


def test_a_404_is_an_unknown_coin_only_where_a_coin_was_asked_for():
    assert isinstance(failure(reply({"error": "coin not found"}, 404), coin="nocoin"), UnknownCoinError)
    error = failure(reply({"error": "not here"}, 404))
    assert type(error) is FinalSourceError
    assert "not here" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        reply({"status": 500, "error": "Internal Server Error"}, 500),
        reply("<html>bad gateway</html>", 502),
        reply("", 503),
        reply("", 408),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    ],
)
def test_what_may_pass_is_retryable(answer):
    assert type(failure(answer)) is RetryableSourceError


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": "Missing parameter vs_currency"}, 422),
        reply("<html>Access denied | error 1020</html>", 403),
        reply({"error": {"type": "bad_parameter", "message": "Bad parameter"}}, 400),
        reply({"message": "NotFound"}, 400),
        reply("", 302, {"Location": "https://elsewhere.test/"}),
        reply("", 499),
    ],
)
def test_what_will_not_pass_is_final(answer):
    assert type(failure(answer)) is FinalSourceError


NO_JSON = ["", "<html></html>", '{"a": 1', "[" * 100_000, b"\xff\xfe{\x00", '{"a": 1e9999999999999999999}', "1" * 9999]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_json_is_bad_data(body):
    error = failure(reply(body))
    assert isinstance(error, BadDataError)
    assert len(str(error)) < 300


def test_a_body_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1000)
    assert isinstance(failure(reply({"a": "x" * 2000})), BadDataError)


def test_a_body_that_trickles_is_given_up():
    market = Market(lambda _request: httpx.Response(200, stream=Trickle()))

    class Trickle(httpx.SyncByteStream):
        def __iter__(self):
            for _ in range(100):
                market.clock.sleep(10)
                yield b" "

    with pytest.raises(RetryableSourceError, match="no whole answer within 60 s"):
        client(market, ONE_TRY).get("/x", {})
    assert market.clock.time() < 100


def test_retries_back_off_and_succeed():
    market = Market([reply("", 500), httpx.ConnectError("refused"), reply("", 503), reply({"ok": 1})])
    assert client(market).get("/x", {}).body == {"ok": 1}
    assert market.clock.sleeps == [1, 2, 4]  # the top of the jitter: the dice are loaded here


def test_jitter_is_full():
    asked = []

    def lowest(low, high):
        asked.append((low, high))
        return low

    parts = replace(Market([reply("", 500), reply({})]).parts(), uniform=lowest)
    HttpClient("test", URL, TokenBucket(1000, 1000), parts=parts).get("/x", {})
    assert asked == [(0, 1.0)]


def test_attempts_are_capped():
    market = Market(lambda _request: reply("", 500))
    with pytest.raises(RetryableSourceError):
        client(market, RetryPolicy(attempts=3)).get("/x", {})
    assert len(market.requests) == 3


def test_total_time_is_capped():
    market = Market(lambda _request: reply("", 500))
    with pytest.raises(RetryableSourceError):
        client(market, RetryPolicy(attempts=100, total_s=60)).get("/x", {})
    assert market.clock.time() <= 60


def test_final_errors_are_not_retried():
    market = Market([reply({"error": "coin not found"}, 404)])
    with pytest.raises(UnknownCoinError):
        client(market).get("/x", {}, "nocoin")
    assert len(market.requests) == 1


def test_retry_after_is_honoured():
    market = Market([reply({}, 429, {"Retry-After": "40"}), reply({"ok": 1})])
    assert client(market).get("/x", {}).body == {"ok": 1}
    assert 40 <= market.clock.time() <= 41


def test_a_wish_beyond_the_budget_ends_it_at_once():
    market = Market([reply({}, 429, {"Retry-After": "3600"})])
    with pytest.raises(RateLimitedError, match="3600 s"):
        client(market).get("/x", {})
    assert market.clock.time() == 0


def test_every_attempt_takes_its_place_in_the_bucket():
    market = Market([reply("", 500), reply({})])
    parts = market.parts()
    bucket = TokenBucket(rate_per_s=0.1, burst=1, clock=parts.clock, sleep=parts.sleep)
    HttpClient("test", URL, bucket, parts=parts).get("/x", {})
    assert market.clock.sleeps == [1, 9]


def test_recorded_error_bodies(shared_data: Path) -> None:
    def recorded(name: str) -> str:
        return (shared_data / "coingecko" / name).read_text()

    assert isinstance(failure(reply(recorded("quoted_401_10012_time_range.json"), 401)), RangeNotAllowedError)
    assert isinstance(failure(reply(recorded("quoted_404_coin_not_found.json"), 404), "x"), UnknownCoinError)
    limited = failure(reply(recorded("quoted_429_rate_limit.json"), 429, {"retry-after": "60"}))
    assert isinstance(limited, RateLimitedError)
    assert limited.retry_after_s == 60
