"""The scheduler service: `python -m pipeline.ingest.app` polls the market, fills in history, answers over HTTP."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

from pipeline.errors import SettingsError
from pipeline.events.catalog import TOPICS
from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.ingest.guard import may_write
from pipeline.ingest.market_choice import announce, choose
from pipeline.ingest.process_lock import only_one
from pipeline.ingest.scheduler import candle_collector
from pipeline.ingest.scheduler.api import Deps, create_app
from pipeline.ingest.scheduler.csv_import import import_csv
from pipeline.ingest.scheduler.history import Chain, Outcome, fetch_history
from pipeline.ingest.scheduler.http_server import HttpServer
from pipeline.ingest.scheduler.jobs import JobStore, Order, Progress
from pipeline.ingest.scheduler.ledger import Ledger
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.polling import Poller, add_minutely, start_clock
from pipeline.ingest.scheduler.price_sources import price_sources
from pipeline.ingest.scheduler.producer import EventProducer
from pipeline.ingest.scheduler.spans import DaySpan
from pipeline.ingest.scheduler.spooled_publisher import SpooledPublisher
from pipeline.ingest.scheduler.store import open_store
from pipeline.ingest.scheduler.uploads import Uploads
from pipeline.ingest.scheduler.worker import Worker
from pipeline.ingest.sources.csv_file import open_csv
from pipeline.ingest.spool import Spool
from pipeline.kafka.clients import KafkaAdmin, client_config, producer_config
from pipeline.run_files import Markets
from pipeline.service_main import service_main
from pipeline.settings import Settings

log = logging.getLogger(__name__)

TOPICS_WAIT_S = 300.0
STOP_S = 0.6  # for each of the three things that are waited for at the end
HTTP_THREADS = 8
SILENT_POLLS, SILENT_S = 3, 60.0  # without a price for so many polls and so long, the state says so


class Service:
    """The scheduler's parts, put together and started in order."""

    def __init__(self, settings: Settings, markets: Markets, stop: threading.Event) -> None:
        self.settings, self.stop = settings, stop
        self.metrics = Metrics()
        self.metrics.show_market(markets.prices.kind)
        sources = price_sources(settings, markets.prices)
        self.producer = EventProducer(producer_config(settings), self.metrics)
        self.store = open_store(settings.data_dir / "scheduler" / "ledger.db")
        self.ledger, jobs = Ledger(self.store), JobStore(self.store)
        self.kafka = KafkaAdmin(client_config(settings))
        self.chain = Chain(sources.links, self.ledger, self.producer, stop)
        self.uploads = Uploads(settings.data_dir, settings.markets.csv_max_bytes, jobs.unfinished_files)
        self.worker = Worker(jobs, self.do, self.metrics, stop, after=self.uploads.sweep)
        spool = Spool(settings.data_dir / "scheduler" / "spool")
        self.publisher = SpooledPublisher(self.producer, spool, settings.kafka.spool_max_bytes)
        silence_s = max(SILENT_S, SILENT_POLLS * settings.markets.poll_s)
        self.poller = Poller(sources.live, settings.markets.coins, self.publisher, self.metrics, silence_s)
        self.collector = self._open_collector(markets)
        forget = self.ledger.forget
        deps = Deps(settings, markets, jobs, self.worker, self.poller, self.metrics, self.uploads, open_csv, forget)
        self.app = create_app(deps)

    def _open_collector(self, markets: Markets) -> candle_collector.CandleCollector | None:
        """Return what collects candles, of the market that trades come from; None where nobody wants any."""
        products = candle_collector.candle_products(self.settings)
        market = candle_collector.open_market(self.settings, markets.trades) if products else None
        if market is None:
            return None
        sent = candle_collector.SentCandles(self.store)
        return candle_collector.CandleCollector(market, products, self.publisher, sent)

    def do(self, order: Order, report: Callable[[Progress], None]) -> Outcome:
        """Do one job's work; what another Kafka acknowledged does not count."""
        self.ledger.adopt(self.kafka.identity(COIN_EVENTS.name))
        if order.sha256 is not None:
            return import_csv(self.chain, order, self.uploads.path(order.sha256), report)
        today = _today()
        span = DaySpan(order.first or today, order.last or today)
        return fetch_history(self.chain, order.coin, span, today, report)

    def run(self) -> None:
        """Serve until `stop` is set, then end within about two seconds."""
        server = HttpServer(
            self.app,
            self.settings.listen_host,
            self.settings.port("scheduler"),
            partial(may_write, self.settings),
            threads=HTTP_THREADS,
            max_request_body_size=self.settings.markets.csv_max_bytes + 1024,
            ident="coinlake",
        )
        self.uploads.sweep(at_start=True)
        tempfile.tempdir = str(self.uploads.folder)  # where the HTTP server keeps a large body until it is whole
        self.worker.start()
        clock = start_clock(self.poller, self.settings.markets.poll_s, self.publisher.drain)
        if self.collector is not None:
            add_minutely(clock, self.collector.tick)
        server.start()
        log.info("listening on %s", self.settings.url("scheduler"))
        self.stop.wait()
        log.info("stopping")
        clock.shutdown(wait=False)
        server.stop(STOP_S)
        self.worker.stop(STOP_S)
        self.producer.close(STOP_S)
        self.publisher.close()


def main() -> int:
    """Run the service; return its exit code."""
    return service_main(_serve, quiet=("httpx", "apscheduler"))


def _serve(settings: Settings, stop: threading.Event) -> None:
    _require_token(settings)
    with only_one(settings.run_dir, "scheduler"):
        markets = choose(settings)
        announce(settings, markets)
        KafkaAdmin(client_config(settings)).wait_for_topics([topic.name for topic in TOPICS], TOPICS_WAIT_S, stop)
        Service(settings, markets, stop).run()


def _require_token(settings: Settings) -> None:
    if not settings.access.api_token:
        raise SettingsError("COINLAKE_API_TOKEN", "", "a secret; pipeline/scripts/pipeline_setup.sh writes one")


def _today() -> date:
    return datetime.now(UTC).date()


if __name__ == "__main__":
    sys.exit(main())
