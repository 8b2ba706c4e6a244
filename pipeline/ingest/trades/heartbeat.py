"""How the trade producer shows that it lives: run/trades.json for the lake's status, run/trades.prom for Prometheus.

The second is in the text format that node_exporter's textfile collector reads.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

Figures = Mapping[str, object]


class Heartbeat:
    """Writes both files at each call, each as a whole."""

    def __init__(self, run_dir: Path) -> None:
        self._json, self._prom = run_dir / "trades.json", run_dir / "trades.prom"
        self._registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        run_dir.mkdir(parents=True, exist_ok=True)

    def beat(self, figures: Figures) -> None:
        """Show the figures; the numbers among them are metrics, too."""
        told = {"pid": os.getpid(), "time": time.time(), **figures}
        _replace(self._json, json.dumps(told).encode() + b"\n")
        for name, value in figures.items():
            if isinstance(value, int | float):
                self._gauge(name).set(value)
        _replace(self._prom, generate_latest(self._registry))

    def _gauge(self, name: str) -> Gauge:
        if name not in self._gauges:
            about = f"The trade producer's {name.replace('_', ' ')}"
            self._gauges[name] = Gauge(f"coinlake_trades_{name}", about, registry=self._registry)
        return self._gauges[name]


def _replace(file: Path, content: bytes) -> None:
    draft = file.with_name(f"{file.name}.draft")
    draft.write_bytes(content)
    draft.replace(file)
