"""The filler: exactly the missing trades, in pages, whatever the exchange's REST side does meanwhile."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipeline.errors import ServiceError
from pipeline.ingest.trades.backfill import filler as filler_module
from pipeline.ingest.trades.backfill.filler import Filler
from pipeline.ingest.trades.backfill.rest import TradesRest
from tests.support.filling import Exchange, Filling, trade
from tests.support.gaps import BTC
from tests.support.market import reply


def test_exactly_the_missing_trades_are_sent(filling):
    exchange = Exchange(5000)
    fill = filling(exchange)
    fill.drop((3001, 3003))
    fill.run(1)
    assert exchange.afters == [3004]
    assert fill.frames == [{"type": "rest_trades", "product_id": BTC, "trades": [trade(n) for n in (3003, 3002, 3001)]}]
    assert fill.states() == {3001: ("filled", 3, 0)}
    assert fill.kept.told[-1].note == "fetched by REST: 3"


def test_a_long_gap_is_fetched_newest_page_first(filling):
    exchange = Exchange(5000)
    fill = filling(exchange)
    fill.drop((1001, 3500))
    fill.run(1)
    assert exchange.afters == [3501, 2501, 1501]
    assert [(ids[0], ids[-1]) for ids in fill.sent()] == [(3500, 2501), (2500, 1501), (1500, 1001)]
    assert fill.states() == {1001: ("filled", 2500, 0)}


def test_one_page_serves_all_gaps_in_its_reach(filling):
    exchange = Exchange(9000)
    fill = filling(exchange)
    fill.drop((100, 100), (200, 201), (1000, 1001), (5000, 5000))
    fill.run(1)
    assert exchange.afters == [1002, 5001]
    assert fill.sent() == [[1001, 1000, 201, 200, 100], [5000]]
    assert {status for status, _, _ in fill.states().values()} == {"filled"}


def test_the_oldest_gap_comes_first(filling):
    fill = filling(Exchange(9000))
    fill.drop((10, 11), product="ETH-USD")
    fill.drop((20, 21))
    fill.drop((5000, 5001), product="ETH-USD")
    fill.run(1)
    assert fill.sent() == [[11, 10], [21, 20], [5001, 5000]]


def test_a_gap_of_millions_holds_no_other_up(filling, monkeypatch):
    monkeypatch.setattr(filler_module, "PAGES_A_ROUND", 3)
    fill = filling(Exchange(10**8))
    fill.drop((1000, 9_999_999))
    fill.drop((5, 5), product="ETH-USD")
    fill.filler.run_once()
    assert len(fill.frames) == 4
    assert fill.sent()[-1] == [5]
    fill.filler.run_once()
    assert fill.sent()[4][0] == 9_999_999 - 3000, "it resumes where it was"


def test_filled_means_acknowledged(filling):
    exchange = Exchange(100)
    fill = filling(exchange)
    fill.acknowledges = False
    fill.drop((11, 12))
    fill.run(200)
    assert exchange.afters == [13], "what is under way is not fetched again"
    assert fill.states() == {11: ("open", 0, 0)}
    fill.kept.ledger.detector.acknowledged(BTC, [11, 12])
    fill.run(1)
    assert fill.states() == {11: ("filled", 2, 0)}


def test_what_the_sink_did_not_take_is_fetched_again(filling):
    fill = filling(Exchange(100))
    fill.faults = [ServiceError("the spool is full")] * 2
    fill.drop((11, 12))
    fill.run(30)
    assert fill.sent() == [[12, 11]]
    assert fill.states() == {11: ("filled", 2, 0)}


FAULTS: list[httpx.Response | Exception] = [
    reply({"message": "Slow down"}, 429, {"Retry-After": "7"}),
    reply("", 503),
    reply("<html>bad gateway</html>", 502),
    httpx.ReadTimeout("slow"),
    httpx.ConnectError("refused"),
    reply("", 403),
    reply("<html></html>"),
    reply({"no": "list"}),
    reply([trade(9_999)]),  # not heeding `after`
]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_a_trade_or_the_progress(filling, fault):
    exchange = Exchange(5000)
    fill = filling(exchange)
    exchange.faults = [None, *([fault] * 12)]
    fill.drop((1001, 3500))
    fill.run(1)
    assert fill.states() == {1001: ("open", 1000, 0)}
    fill.run(1500)
    assert fill.states() == {1001: ("filled", 2500, 0)}
    assert exchange.afters == [3501, *[2501] * 13, 1501]
    assert sum(len(ids) for ids in fill.sent()) == 2500


def test_retry_after_is_heeded_for_all_products(filling):
    exchange = Exchange(5000)
    fill = filling(exchange)
    exchange.faults = [FAULTS[0]]
    fill.drop((11, 12))
    fill.drop((11, 12), product="ETH-USD")
    fill.run(6)
    assert len(exchange.afters) == 1
    fill.run(5)
    assert len(exchange.afters) == 3


def test_one_products_fault_holds_no_other_up(filling):
    exchange = Exchange(5000)
    fill = filling(lambda request: reply("", 500) if "BTC" in request.url.path else exchange(request))
    fill.drop((11, 12))
    fill.drop((21, 22), product="ETH-USD")
    fill.run(100)
    assert fill.states() == {11: ("open", 0, 0), 21: ("filled", 2, 0)}
    assert 5 <= len([request for request in fill.market.requests if "BTC" in request.url.path]) <= 15


def test_pages_that_repeat_trades(filling):
    exchange = Exchange(5000)

    def overlapping(request):
        after = int(request.url.params["after"])
        exchange.afters.append(after)
        return reply([trade(number) for number in range(after + 49, after - 51, -1)] * 2)

    fill = filling(overlapping)
    fill.drop((1001, 1100))
    fill.run(1)
    assert fill.sent() == [list(range(1100, 1050, -1)), list(range(1050, 1000, -1))]
    assert fill.states() == {1001: ("filled", 100, 0)}


def test_what_arrives_late_is_not_fetched(filling):
    exchange = Exchange(5000)
    fill = filling(exchange)
    fill.drop((11, 12))
    for trade_id in (11, 12):
        fill.kept.ledger.detector.seen(BTC, [trade_id])
    fill.run(2)
    assert exchange.afters == []


def test_gaps_of_a_former_process_are_filled(filling, tmp_path):
    exchange = Exchange(5000)
    fill = filling(exchange)
    fill.drop((1001, 3500))
    fill.kept.store.close()
    later = filling(exchange)
    later.run(1)
    assert later.states() == {1001: ("filled", 2500, 0)}


def test_the_thread_against_a_real_server(tmp_path, monkeypatch):
    monkeypatch.setattr(filler_module, "IDLE_S", 0.01)
    exchange, calls, done = Exchange(4000), [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            calls.append(url.path)
            body = json.dumps(exchange.page(query["after"], query["limit"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fill = Filling(tmp_path, exchange)
    rest = TradesRest(f"http://127.0.0.1:{server.server_port}")

    def send(product, frame):
        fill.send(product, frame)
        if not fill.kept.ledger.detector.counts()["open_gaps"]:
            done.set()

    filler = Filler(fill.kept.ledger.detector, rest, send)
    try:
        fill.drop((1001, 2500))
        filler.start()
        assert done.wait(5)
        filler.stop(5)
    finally:
        rest.close()
        server.shutdown()
        thread.join()
        server.server_close()
        fill.kept.store.close()
    assert calls == ["/products/BTC-USD/trades"] * 2
    assert [len(ids) for ids in fill.sent()] == [1000, 500]
