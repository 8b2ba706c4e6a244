"""The model against windows that it was not made from: what it says and what was measured, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.scaling.costs import Costs, Line, requests_per_s
from bench.scaling.fit import counts_per_s
from bench.scaling.measurement import Measurement

LEAST_CORES = 0.005  # a part of less than that is noise, and is only compared in the total


@dataclass(frozen=True)
class Comparison:
    """One cost at one rate; cores, or counts a second."""

    events_per_s: float
    name: str
    predicted: float
    measured: float

    @property
    def error_pct(self) -> float:
        """By how many per cent the prediction is too high; negative where it is too low."""
        return (self.predicted / self.measured - 1) * 100


def compare(costs: Costs, run: Measurement) -> Iterator[Comparison]:
    """Yield each service, each part of Spark, their total and each count."""
    used = run.cores_used()
    predicted = {name: predict(line, run) for name, line in costs.cores.items()}
    for name, measured in used.items():
        if measured >= LEAST_CORES:
            yield Comparison(run.events_per_s, name, predicted[name], measured)
    services = run.cpu_s.keys()
    yield Comparison(
        run.events_per_s,
        "all services",
        sum(predicted[name] for name in services),
        sum(used[name] for name in services),
    )
    for name, measured in counts_per_s(run).items():
        yield Comparison(run.events_per_s, name, predict(getattr(costs.counts, name), run), measured)


def predict(line: Line, run: Measurement) -> float:
    """Return the cost of a second at the window's rate, with as many batches as it had."""
    requests = requests_per_s(run.events_per_s)
    return line.fixed * run.batches_per_s + line.per_request * requests + line.per_event * run.events_per_s
