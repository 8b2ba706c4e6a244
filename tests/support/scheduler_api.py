"""The parts behind the scheduler's HTTP API, whole but for the market and Kafka, for the tests of its calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pipeline.errors import BadDataError
from pipeline.ingest.scheduler.api import Deps
from pipeline.ingest.scheduler.history import Outcome
from pipeline.ingest.scheduler.jobs import JobStore
from pipeline.ingest.scheduler.ledger import Ledger
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.polling import Poller
from pipeline.ingest.scheduler.store import open_store
from pipeline.ingest.scheduler.uploads import Uploads
from pipeline.ingest.scheduler.worker import Worker
from pipeline.ingest.sources.base import Item
from pipeline.run_files import Choice, Markets
from pipeline.settings import load_settings
from tests.support.ingest import FakeKafka, price

TOKEN = {"Authorization": "Bearer top-secret"}
TODAY = date(2026, 1, 15)
CSV = b"snapped_at,price,market_cap,total_volume\n"


class FakeTicker:
    """A market with a price for every coin, or the fault that a test puts in."""

    name = "fake"
    fault: Exception | None = None

    def prices(self, coins: tuple[str, ...]) -> list[Item]:
        if self.fault is not None:
            raise self.fault
        return [price(coin, TODAY) for coin in coins]


@contextmanager
def api_parts(folder: Path, ticker: FakeTicker) -> Iterator[Deps]:
    """Yield what `create_app` takes; nothing works the jobs off."""
    settings = load_settings(
        {
            "COINLAKE_HOME": str(folder),
            "COINLAKE_API_TOKEN": "top-secret",
            "COINS": "bitcoin,ethereum",
            "COINLAKE_CSV_MAX_MB": "1",
        }
    )
    store, metrics = open_store(folder / "ledger.db"), Metrics()
    jobs = JobStore(store)
    worker = Worker(jobs, lambda *_: Outcome(None), metrics, threading.Event())
    poller = Poller(ticker, settings.markets.coins, FakeKafka(), metrics)
    markets = Markets(Choice("simulator", "auto", "no route"), Choice("live", "auto", "it answers"))
    uploads = Uploads(settings.data_dir, settings.markets.csv_max_bytes, jobs.unfinished_files)
    forget = Ledger(store).forget
    yield Deps(settings, markets, jobs, worker, poller, metrics, uploads, _check_csv, forget, lambda: TODAY)
    store.close()


def _check_csv(path: Path) -> None:
    if not path.read_bytes().startswith(CSV):
        raise BadDataError("csv", f"{path} has a header that nobody knows")
