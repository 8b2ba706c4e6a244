"""From measured windows to straight lines: the cost of a batch over the events in it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, linear_regression

from bench.scaling.costs import Counts, Line
from bench.scaling.measurement import Measurement
from pipeline.events.trades import RAW_TRADES


def fit_line(rates: Sequence[float], costs: Sequence[float]) -> Line:
    """Return the line of least squares; neither of its parts is negative, as noise about nothing would have it.

    Raises:
        StatisticsError: there are no two different rates.
    """
    slope, intercept = linear_regression(rates, costs)
    if slope < 0:
        return Line(fmean(costs), 0.0)
    if intercept < 0:
        return Line(0.0, linear_regression(rates, costs, proportional=True).slope)
    return Line(intercept, slope)


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
    events = [run.events_per_s / run.batches_per_s for run in runs]
    return {
        name: fit_line(events, [costs[name] / run.batches_per_s for run, costs in zip(runs, costs_per_s, strict=True)])
        for name in costs_per_s[0]
    }
