"""From measured windows to straight lines: cost a second over events a second."""

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
    """Return the line of each service and of each part of Spark, in cores."""
    used = [run.cores_used() for run in runs]
    rates = [run.events_per_s for run in runs]
    return {name: fit_line(rates, [each[name] for each in used]) for name in used[0]}


def fit_counts(runs: Sequence[Measurement]) -> Counts:
    """Return the lines of what is made each second."""
    rates = [run.events_per_s for run in runs]
    counted = [counts_per_s(run) for run in runs]
    return Counts(**{name: fit_line(rates, [each[name] for each in counted]) for name in counted[0]})


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
