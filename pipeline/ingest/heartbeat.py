"""How a service without a port shows that it is alive: run/NAME.json for the status, run/NAME.prom for Prometheus.

The second is in the text format that node_exporter's textfile collector reads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from pipeline.run_files import Beat, metrics_file, replace_file

log = logging.getLogger(__name__)

Figures = Mapping[str, object]

WARN_EVERY_S = 60.0


class Heartbeat:
    """Writes both files at each call, each as a whole; one that cannot be written is a warning, never an end."""

    def __init__(self, run_dir: Path, service: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock, self._failing_since, self._warned_at = clock, 0.0, 0.0
        self._is_failing = False
        self._run_dir, self._prom = run_dir, metrics_file(run_dir, service)
        self._registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        run_dir.mkdir(parents=True, exist_ok=True)

    def beat(self, figures: Figures) -> None:
        """Show the figures; the numbers among them are metrics, too."""
        for name, value in figures.items():
            if isinstance(value, int | float):
                self._gauge(name).set(value)
        try:
            Beat.now(figures).write(self._run_dir, self._service)
            replace_file(self._prom, generate_latest(self._registry))
        except OSError as error:
            self._warn(error)
        else:
            self._recover()

    def _warn(self, error: OSError) -> None:
        now = self._clock()
        if not self._is_failing:
            self._is_failing, self._failing_since = True, now
        elif now - self._warned_at < WARN_EVERY_S:
            return
        self._warned_at = now
        log.warning("the heartbeat cannot be written, the status will call the service down: %s", error)

    def _recover(self) -> None:
        if self._is_failing:
            log.warning("the heartbeat is written again, after %.0f s", self._clock() - self._failing_since)
        self._is_failing = False

    def _gauge(self, name: str) -> Gauge:
        if name not in self._gauges:
            about = f"{name.replace('_', ' ')} of the service {self._service}"
            self._gauges[name] = Gauge(f"coinlake_{self._service}_{name}", about, registry=self._registry)
        return self._gauges[name]
