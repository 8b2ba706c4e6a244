"""What Prometheus can read of the scheduler."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pipeline.errors import CoinlakeError
from pipeline.markets import LIVE, SIMULATOR
from pipeline.run_files import HEARTBEAT_S, metrics_files

POLL_OUTCOMES = ("ok", "spooled", "failed", "skipped")


class Metrics:
    """The scheduler's counters and gauges, in a registry of their own so that two of them can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.published = Counter(
            "coinlake_events_published",
            "Records that Kafka has acknowledged",
            ["topic", "source"],
            registry=self.registry,
        )
        self.polls = Counter("coinlake_polls", "Ticks of the live poll", ["outcome"], registry=self.registry)
        self.poll_seconds = Histogram(
            "coinlake_poll_duration_seconds", "How long a poll took that ran", registry=self.registry
        )
        self.last_poll = Gauge(
            "coinlake_last_successful_poll_timestamp_seconds",
            "When the last good poll ended, seconds since 1970; 0 = none yet",
            registry=self.registry,
        )
        self.errors = Counter(
            "coinlake_errors", "Failures by kind and by what was being done", ["work", "kind"], registry=self.registry
        )
        self.jobs = Gauge("coinlake_history_jobs", "History jobs in each state", ["state"], registry=self.registry)
        self.market = Gauge("coinlake_market", "1 for the market of prices", ["market"], registry=self.registry)
        for outcome in POLL_OUTCOMES:  # a counter that is not there yet cannot be alerted on
            self.polls.labels(outcome)

    def count_error(self, work: str, error: CoinlakeError) -> None:
        """Count a failure of some work (`poll`, `history`) by its class."""
        self.errors.labels(work, type(error).__name__).inc()

    def show_market(self, kind: str) -> None:
        """Show which market the prices come from."""
        for market in (LIVE, SIMULATOR):
            self.market.labels(market).set(market == kind)

    def render(self, jobs: Mapping[str, int]) -> bytes:
        """Return everything in Prometheus' text format; `jobs` counts the jobs in each state now."""
        for state, count in jobs.items():
            self.jobs.labels(state).set(count)
        return generate_latest(self.registry)


def figures_of_others(run_dir: Path) -> bytes:
    """Return what the services without a port of their own have left for Prometheus; of one that is down nothing."""
    found = b""
    for file in metrics_files(run_dir):
        try:
            if time.time() - file.stat().st_mtime <= HEARTBEAT_S:
                found += file.read_bytes()
        except OSError:  # replaced or deleted just now
            continue
    return found
