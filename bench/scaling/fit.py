"""From measured windows to straight lines: the cost of a batch over the events in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from bench.scaling.costs import Counts, Line, requests_per_s
from bench.scaling.measurement import Measurement
from pipeline.events.trades import RAW_TRADES

BY_REQUEST = {"kafka", "trades", "topic_bytes"}
"""What is cheaper for each event the more of them share a request, which takes and compresses them together."""

BY_BATCH = {"namenode", "metastore", "presto", "scheduler", "commits", "files_made"}
"""What never meets an event, only batches, or nothing at all: a slope would be noise, great at ten thousand times."""

Array = NDArray[np.float64]


def fit_line(events: Sequence[float], costs: Sequence[float], requests: Sequence[float] | None = None) -> Line:
    """Return the line of least squares; no part of it is negative, as noise about nothing would have it.

    With `requests`, a part of the cost is theirs.

    Raises:
        ValueError: there are fewer different rates than parts to be told apart.
    """
    columns = [np.ones(len(events)), np.array(events)] + ([] if requests is None else [np.array(requests)])
    if len(set(events)) < len(columns):
        raise ValueError(f"{len(columns)} windows of different rates are needed to tell as many parts of a cost apart")
    return Line(*map(float, _least_squares(np.stack(columns, axis=1), np.array(costs))))


def _least_squares(columns: Array, values: Array) -> Array:
    """Return the best weights of which none is negative: of the best for each choice of columns, the best."""
    best, least = np.zeros(columns.shape[1]), float(values @ values)
    for count in range(1, columns.shape[1] + 1):
        for chosen in map(list, combinations(range(columns.shape[1]), count)):
            weights = np.linalg.lstsq(columns[:, chosen], values, rcond=None)[0]
            rest = values - columns[:, chosen] @ weights
            if (weights >= 0).all() and rest @ rest < least:
                best, least = np.zeros(columns.shape[1]), float(rest @ rest)
                best[chosen] = weights
    return best


def fit_cores(runs: Sequence[Measurement]) -> dict[str, Line]:
    """Return the line of each service and of each part of Spark, in seconds of processor time a batch."""
    return _fit_each(runs, [run.cores_used() for run in runs])


def fit_counts(runs: Sequence[Measurement]) -> Counts:
    """Return the lines of what a batch makes."""
    return Counts(**_fit_each(runs, [counts_per_s(run) for run in runs]))


def counts_per_s(run: Measurement) -> dict[str, float]:
    """Return what one window made each second, under the names of `Counts`."""
    trades = run.topics[RAW_TRADES.name]
    counts = {
        "records": trades.records,
        "topic_bytes": trades.bytes,
        "commits": sum(table.commits for table in run.tables.values()),
        "files_made": run.name_node["CreateFileOps"],
    }
    return {name: count / run.span_s for name, count in counts.items()}


def _fit_each(runs: Sequence[Measurement], costs_per_s: Sequence[dict[str, float]]) -> dict[str, Line]:
    """Fit over events a batch: on a busy machine there are fewer and larger batches than one a second."""
    batches = [run.batches_per_s for run in runs]
    events = [run.events_per_s / each for run, each in zip(runs, batches, strict=True)]
    requests = [requests_per_s(run.events_per_s) / each for run, each in zip(runs, batches, strict=True)]

    def fitted(name: str) -> Line:
        costs = [each[name] / count for each, count in zip(costs_per_s, batches, strict=True)]
        if name in BY_BATCH:
            return Line(fmean(costs), 0.0)
        return fit_line(events, costs, requests if name in BY_REQUEST else None)

    return {name: fitted(name) for name in costs_per_s[0]}
