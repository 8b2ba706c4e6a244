"""The windows that are checked in: the costs come from three of them, and the model tells the other two."""

from __future__ import annotations

import pytest

from bench.scaling.check import compare
from bench.scaling.costs import COSTS, read_costs
from bench.scaling.fit import fit_cores, fit_counts
from bench.scaling.measurement import read_measurement, read_measurements

WINDOWS = COSTS.with_name("windows")


def test_the_costs_are_those_of_the_windows() -> None:
    runs = read_measurements(WINDOWS / f"{rate}.json" for rate in (50, 1000, 4000))
    costs = read_costs()
    for name, line in fit_cores(runs).items():
        assert costs.cores[name].at(2000) == pytest.approx(line.at(2000), rel=0.01)
    assert costs.counts.topic_bytes.at(2000) == pytest.approx(fit_counts(runs).topic_bytes.at(2000), rel=0.01)


@pytest.mark.parametrize("rate", [300, 2000])
def test_the_model_tells_windows_it_was_not_made_from(rate: int) -> None:
    errors = {row.name: row.error_pct for row in compare(read_costs(), read_measurement(WINDOWS / f"{rate}.json"))}
    assert abs(errors["all services"]) < 10
    assert all(abs(errors[name]) < 20 for name in ("kafka", "spark", "spark.tasks", "trades", "topic_bytes"))
