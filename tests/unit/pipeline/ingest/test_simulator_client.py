"""The real client on the simulator: every line of a live run is also a line of a simulated one."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from pipeline.errors import BadDataError, RangeNotAllowedError, RateLimitedError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.http import Parts
from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.sources.base import TimeRange
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.settings import load_settings
from tests.support.clock import FakeClock
from tests.support.processes import read_errors_until
from tests.support.sources import day, prices

URL = "http://simulator.test/api/v3"


class Simulated:
    """A simulator, and the real client talking to it without a network; both follow one clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        app = create_simulator(seed=1, clock=lambda: self.clock.now().timestamp())
        self.transport = httpx.WSGITransport(app=app)
        parts = Parts(self.transport, self.clock.time, self.clock.sleep, self.clock.now)
        self.source = CoinGecko(load_settings({"COINLAKE_HOME": "/nonexistent"}), URL, parts)

    def admin(self, path: str, body: dict[str, object]) -> None:
        with httpx.Client(transport=self.transport) as client:
            assert client.post(f"http://simulator.test/_simulator/{path}", json=body).is_success


@pytest.fixture
def simulated():
    return Simulated()


SINCE_2013 = TimeRange(day("2013-01-01"), day("2026-01-16"))


def test_every_row_says_simulator(simulated):
    assert simulated.source.ping() == "simulator"
    items = [*simulated.source.prices(("bitcoin", "dogecoin")), *simulated.source.history("bitcoin", SINCE_2013)]
    assert all(isinstance(item, PriceEvent) and item.source == "simulator" for item in items)


def test_history_has_every_day_once_and_all_its_amounts(simulated):
    events = list(simulated.source.history("bitcoin", SINCE_2013))
    assert [event.event_time for event in events] == [day("2013-01-01") + timedelta(days=n) for n in range(4763)]
    assert all(event.market_cap_usd and event.volume_usd for event in events)


def test_a_short_span_is_in_days_too(simulated):
    span = TimeRange(day("2026-01-14"), day("2026-01-16"))
    assert [event.event_time.day for event in simulated.source.history("bitcoin", span)] == [14, 15]


def test_a_coin_younger_than_the_range(simulated):
    first = next(simulated.source.history("solana", SINCE_2013))
    assert first.event_time == day("2020-04-11")


def test_each_poll_is_a_new_observation(simulated):
    [first] = simulated.source.prices(("bitcoin",))
    simulated.clock.sleep(1)
    [second] = simulated.source.prices(("bitcoin",))
    assert second.event_time - first.event_time == timedelta(seconds=1)
    assert second.price_usd != first.price_usd


def test_history_and_poll_tell_the_same_price(simulated):
    midnight = day("2026-01-16")
    simulated.clock.sleep((midnight - simulated.clock.now()).total_seconds())
    [live] = simulated.source.prices(("bitcoin",))
    simulated.clock.sleep(86_400)
    [settled] = simulated.source.history("bitcoin", TimeRange(midnight, midnight + timedelta(days=1)))
    assert replace(settled) == live


def test_candles_say_simulator_and_close_at_the_settled_price(simulated):
    got = simulated.source.ohlc("bitcoin", 7)
    assert (got.coin, got.source, len(got.candles)) == ("bitcoin", "simulator", 42)
    midnight = next(candle for candle in got.candles if candle.closed_at == day("2026-01-15"))
    [settled] = simulated.source.history("bitcoin", TimeRange(day("2026-01-15"), day("2026-01-16")))
    assert midnight.close == settled.price_usd


def test_unknown_coins(simulated):
    with pytest.raises(UnknownCoinError):
        simulated.source.ohlc("nocoin", 7)
    with pytest.raises(UnknownCoinError):
        list(simulated.source.history("nocoin", SINCE_2013))
    [letter] = simulated.source.prices(("nocoin",))
    assert letter.reason == "price is missing"


def test_a_key_that_does_not_reach(simulated):
    simulated.admin("tier", {"tier": "keyless"})
    with pytest.raises(RangeNotAllowedError, match="365 days"):
        list(simulated.source.history("bitcoin", SINCE_2013))
    with pytest.raises(RangeNotAllowedError, match="365 days"):
        simulated.source.ohlc("bitcoin", "max")


def test_passing_faults_are_sat_out(simulated):
    simulated.admin("faults", {"status": 503, "count": 1})
    simulated.admin("faults", {"status": 429, "retry_after": 10})
    assert len(simulated.source.prices(("bitcoin",))) == 1
    assert simulated.clock.time() >= 10


def test_lasting_faults_are_told(simulated):
    simulated.admin("faults", {"status": 429, "retry_after": 3600})
    with pytest.raises(RateLimitedError):
        simulated.source.prices(("bitcoin",))
    simulated.admin("faults", {"status": 200, "body": "<html>maintenance</html>"})
    with pytest.raises(BadDataError, match="maintenance"):
        simulated.source.prices(("bitcoin",))


def test_the_server_starts_and_stops_clean(tmp_path, checkout):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--feed-port", "0", "--seed", "7"]
    command = [sys.executable, "-m", "pipeline.ingest.simulator", *options]
    environ = {**os.environ, "PYTHONPATH": str(checkout), "COINLAKE_HOME": str(tmp_path), "COINS": "bitcoin,mine"}
    with subprocess.Popen(command, env=environ, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            read_errors_until(server, f"http://127.0.0.1:{port}/api/v3, seed 7")
            source = CoinGecko(load_settings(environ), f"http://127.0.0.1:{port}/api/v3")
            assert [event.source for event in prices(source.prices(("bitcoin", "mine")))] == ["simulator"] * 2
            source.close()
        finally:
            server.send_signal(signal.SIGTERM)
            _, rest = server.communicate(timeout=20)
    assert server.returncode == 0
    assert re.search("stopped", rest)
    assert "Traceback" not in rest


def test_a_bad_setting_ends_it_for_good(checkout, tmp_path):
    command = [sys.executable, "-m", "pipeline.ingest.simulator"]
    environ = {**os.environ, "PYTHONPATH": str(checkout), "COINLAKE_HOME": str(tmp_path), "COINS": "no coin!"}
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 78
    assert "COINS='no coin!'" in done.stderr
