"""What the benchmarks share: figures of a sample, the lake's commands, the closing JSON."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median, quantiles

from pipeline.settings import CHECKOUT

ROUNDS = 5


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile and maximum of a sample of at least two, in seconds to the ms."""
    values = sorted(seconds)
    cuts = quantiles(values, n=100, method="inclusive")
    figures = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": values[-1]}
    return {name: round(value, 3) for name, value in figures.items()}


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds a call took."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median_rates(ways: Mapping[str, Callable[[], None]], count: int) -> dict[str, float]:
    """Return how many records a second each way sends, the median of some rounds; a call sends `count` of them.

    A round takes each way in turn, so that all meet the same disturbances.
    """
    rounds = [{name: count / timed(send) for name, send in ways.items()} for _ in range(ROUNDS)]
    return {name: median(each[name] for each in rounds) for name in ways}


def timed_script(path: str, *arguments: str, environ: Mapping[str, str] | None = None) -> float:
    """Run one of the lake's commands, its output on our stderr, and return the seconds it took.

    Raises:
        CalledProcessError: it failed.
    """
    started = time.monotonic()
    env = {**os.environ, **(environ or {})}
    # Nothing but our JSON goes to stdout, so that a caller can read it.
    subprocess.run([str(CHECKOUT / path), *arguments], check=True, env=env, stdout=2)
    return round(time.monotonic() - started, 2)


def report(**figures: object) -> None:
    """Print the figures as JSON."""
    print(json.dumps(figures, indent=2))
