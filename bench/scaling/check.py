"""The model against windows that it was not made from: what it says and what was measured, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.scaling.costs import Costs
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
    rate, used = run.events_per_s, run.cores_used()
    for name, measured in used.items():
        if measured >= LEAST_CORES:
            yield Comparison(rate, name, costs.cores[name].at(rate), measured)
    services = [name for name in used if name in run.cpu_s]
    yield Comparison(
        rate, "all services", sum(costs.cores[name].at(rate) for name in services), sum(used[n] for n in services)
    )
    for name, measured in counts_per_s(run).items():
        yield Comparison(rate, name, getattr(costs.counts, name).at(rate), measured)
