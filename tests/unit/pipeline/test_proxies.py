"""The lake's own addresses behind a proxy that is dead: nothing of ours goes there, the world's markets do."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import PrestoUnreachableError, RetryableSourceError
from pipeline.ingest.http import HttpClient, Parts, RetryPolicy
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.own_http import call, is_near
from pipeline.presto import Presto
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import PORT_OFFSETS
from pipeline.settings import Settings, load_settings
from pipeline.verbs.hive_setup import make_folder

HEALTH = b'{"status": "ok", "market": "live", "trades_market": "live"}'


class Server(http.server.BaseHTTPRequestHandler):
    """Answers everything with the same JSON, and Presto's first call with a refusal."""

    def answer(self) -> None:
        status = 404 if self.path.startswith("/v1/statement") else 200
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(HEALTH)))
        self.end_headers()
        self.wfile.write(HEALTH)

    do_GET = do_PUT = do_POST = answer  # noqa: N815  # as the server calls them

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A lake whose every address is one server, while all proxies of the environment are dead."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server, pytest.MonkeyPatch.context() as patch:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        port = server.server_port
        address = f"http://127.0.0.1:{port}"
        yield load_settings(
            {
                "COINLAKE_HOME": str(tmp_path),
                "COINLAKE_API_TOKEN": "t0ken",
                "COINLAKE_PORT_BASE": str(port - PORT_OFFSETS["scheduler"]),
                "PRESTO_URL": address,
                "HDFS_HTTP_URL": address,
            }
        )
        server.shutdown()


def test_our_own_services_are_called_directly(settings: Settings) -> None:
    assert SchedulerApi(settings).market().name == "live"
    make_folder(settings, f"{settings.lake.hdfs_uri}/warehouse/x")
    assert call("GET", settings.url("scheduler")).is_success
    with pytest.raises(PrestoUnreachableError, match="404"):  # it was reached, and refused
        Presto(settings.lake.presto_url).rows("SELECT 1")


def market(url: str) -> HttpClient:
    return HttpClient("market", url, TokenBucket(1000, 10), parts=Parts(retry=RetryPolicy(attempts=1)))


def test_a_simulator_near_by_is_called_directly_and_a_market_by_the_proxy(settings: Settings) -> None:
    assert market(settings.url("scheduler")).get("/", {}).body["status"] == "ok"
    with pytest.raises(RetryableSourceError, match="Connection refused"):  # by the proxy, whose name needs no DNS
        market("http://api.example.com").get("/", {})


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "simulator:18060", "10.0.0.5", "192.168.1.1", "[::1]:80"])
def test_what_is_near(host: str) -> None:
    assert is_near(f"http://{host}")


@pytest.mark.parametrize("host", ["api.coingecko.com", "8.8.8.8", "ws-feed.exchange.coinbase.com:443"])
def test_what_is_not(host: str) -> None:
    assert not is_near(f"http://{host}")


def test_the_scheduler_is_called_where_it_listens(tmp_path: Path) -> None:
    ours = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_LISTEN_HOST": "10.0.0.5"})
    assert SchedulerApi(ours).url == "http://10.0.0.5:18050"
