"""From windows to lines of cost, and the comparison of lines with other windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scaling.check import compare, predict
from bench.scaling.costs import Costs, Counts, Line, QueryCosts, Stored, requests_per_s
from bench.scaling.fit import counts_per_s, fit_cores, fit_counts, fit_line
from bench.scaling.measurement import Measurement, TableGain, TopicGain, read_measurement, read_measurements


def window(rate: int, kafka_s: float, tasks_s: float, *, trades: int | None = None, batches: int = 205) -> Measurement:
    return Measurement(
        rate=rate,
        products=20,
        cores=2,
        warm_up_s=100.0,
        seconds=200.0,
        span_s=205.0,
        trades=rate * 200 if trades is None else trades,
        lag=0,
        busy=0.5,
        cpu_s={"kafka": kafka_s, "scheduler": 0.02},
        spark_cpu_s={"tasks": tasks_s},
        rss_mb={"kafka": 200},
        topics={"coinbase-raw-trades": TopicGain(records=rate * 205 + 4100, bytes=rate * 205 * 100)},
        tables={"iceberg.ops.gaps": TableGain(0, 0, 0, 41), "iceberg.bronze.events": TableGain(9, 9, 2, 20)},
        name_node={"CreateFileOps": 2050, "BlocksTotal": 3},
        batches={"trades": batches},
    )


@given(
    fixed=st.floats(0, 10),
    per_event=st.floats(1e-7, 1e-3),
    rates=st.lists(st.integers(1, 100_000), min_size=2, max_size=6, unique=True),
)
def test_fit_recovers_the_line_that_the_costs_lie_on(fixed: float, per_event: float, rates: list[int]) -> None:
    line = fit_line(rates, [fixed + per_event * rate for rate in rates])
    assert line.at(5000) == pytest.approx(fixed + per_event * 5000, rel=1e-4, abs=1e-6)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 5)), min_size=2, max_size=5, unique_by=lambda p: p[0]))
def test_no_part_of_a_fitted_line_is_negative(points: list[tuple[int, float]]) -> None:
    line = fit_line([rate for rate, _ in points], [cost for _, cost in points])
    assert line.fixed >= 0
    assert line.per_event >= 0


def test_costs_that_fall_with_the_rate_are_taken_as_fixed() -> None:
    line = fit_line([10, 1000], [0.3, 0.1])
    assert line.fixed == pytest.approx(0.2)
    assert line.per_event == 0


def test_costs_below_nothing_at_rest_are_taken_as_proportional() -> None:
    line = fit_line([100, 1000], [0.0, 1.01])
    assert line.fixed == 0
    assert line.per_event == pytest.approx(0.001)


def test_too_few_rates_make_no_line() -> None:
    with pytest.raises(ValueError, match="2 windows"):
        fit_line([1000, 1000], [0.1, 0.2])
    with pytest.raises(ValueError, match="3 windows"):
        fit_line([100, 1000], [0.1, 0.2], [48, 130])


def test_requests_hold_what_comes_within_20_ms_of_the_first_event() -> None:
    # 10 a second on each of three partitions: each request waits 100 ms for its first, then 20.
    assert requests_per_s(30) == pytest.approx(25)
    assert requests_per_s(1e9) == pytest.approx(150, rel=1e-5)
    assert requests_per_s(1e9, partitions=30) == pytest.approx(1500, rel=1e-5)
    assert requests_per_s(0) == 0


def test_what_a_request_costs_is_told_apart_from_what_an_event_costs() -> None:
    rates = [50, 1000, 4000]
    requests = [requests_per_s(rate) for rate in rates]
    costs = [0.03 + 0.0003 * sent + 4e-6 * rate for rate, sent in zip(rates, requests, strict=True)]
    line = fit_line(rates, costs, requests)
    assert line.fixed == pytest.approx(0.03)
    assert line.per_request == pytest.approx(0.0003)
    assert line.per_event == pytest.approx(4e-6)
    assert line.at(30) == pytest.approx(0.03 + 0.0075 + 0.00012)


def test_services_and_parts_of_spark_are_fitted_in_cores() -> None:
    cores = fit_cores([window(100, 30, tasks_s=4), window(600, 30, tasks_s=14), window(1100, 30, tasks_s=24)])
    assert cores["kafka"].at(5000) == pytest.approx(0.15)
    assert cores["spark.tasks"].fixed == pytest.approx(0.01)
    assert cores["spark.tasks"].per_event == pytest.approx(0.0001)
    assert cores["scheduler"].at(5000) == pytest.approx(0.0001)


def test_what_never_meets_an_event_has_no_slope() -> None:
    runs = [window(100, 30, 4), window(600, 30, 4), window(1100, 30, 4)]
    growing = [replace(run, cpu_s={**run.cpu_s, "namenode": 4.0 + number}) for number, run in enumerate(runs)]
    line = fit_cores(growing)["namenode"]
    assert line.fixed == pytest.approx(0.025)
    assert line.per_event == 0


def test_the_rate_is_what_the_exchange_made_not_what_was_ordered() -> None:
    runs = [
        window(100, 30, 4, trades=10_000),
        window(600, 30, 14, trades=60_000),
        window(1100, 30, 24, trades=110_000),
    ]
    assert fit_cores(runs)["spark.tasks"].per_event == pytest.approx(0.0002)


def test_a_machine_that_is_too_busy_for_a_batch_a_second_shows_the_same_costs() -> None:
    # A batch takes 0.2 s and 100 us an event. Half as many, twice as large ones: half of the first, all of the second.
    runs = [
        window(1000, kafka_s=1, tasks_s=200 * (0.2 + 0.1)),
        window(2000, kafka_s=1, tasks_s=200 * (0.2 + 0.2)),
        window(3000, kafka_s=1, tasks_s=200 * (0.2 * 102 / 205 + 0.3), batches=102),
    ]
    line = fit_cores(runs)["spark.tasks"]
    assert line.fixed == pytest.approx(0.2)
    assert line.per_event == pytest.approx(0.0001)
    assert predict(line, runs[2]) == pytest.approx(0.2 * 102 / 205 + 0.3)


def costs_of(kafka: Line) -> Costs:
    return Costs(
        where="",
        windows=(),
        cores={"kafka": kafka, "scheduler": Line(0.0, 0.0), "spark.tasks": Line(0.01, 0.0001)},
        rss_mb={},
        counts=Counts(Line(20, 1), Line(0, 110), Line(0.2, 0), Line(10, 0)),
        bronze=Stored(70, 1, 1),
        trades=Stored(20, 1, 1),
        queries=QueryCosts(0.1, 1e-6, 1e-6, 1),
    )


def test_counts_are_taken_over_the_span_in_which_they_were_counted() -> None:
    assert counts_per_s(window(100, 30, 4)) == {
        "records": 120.0,
        "topic_bytes": 10_000.0,
        "commits": pytest.approx(61 / 205),
        "files_made": 10.0,
    }
    counts = fit_counts([window(100, 30, 4), window(1000, 50, 24), window(2000, 70, 44)])
    assert counts.records.fixed == pytest.approx(20)
    assert counts.records.per_event == pytest.approx(1)


def test_a_window_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    late, early = tmp_path / "a.json", tmp_path / "b.json"
    late.write_text(window(300, 1, 2).to_json(), encoding="utf-8")
    early.write_text(window(50, 3, 4).to_json(), encoding="utf-8")
    assert read_measurement(late) == window(300, 1, 2)
    assert [run.rate for run in read_measurements([late, early])] == [50, 300]


def test_the_model_is_set_beside_what_was_measured() -> None:
    costs = costs_of(Line(0.1, 0.0001))
    rows = {row.name: row for row in compare(costs, window(1000, kafka_s=50, tasks_s=20))}
    assert rows["kafka"].predicted == pytest.approx(0.2)
    assert rows["kafka"].measured == pytest.approx(0.25)
    assert rows["kafka"].error_pct == pytest.approx(-20)
    assert rows["spark.tasks"].error_pct == pytest.approx(10)
    assert rows["all services"].measured == pytest.approx(0.2501)  # parts of Spark are in Spark's own already
    assert rows["topic_bytes"].error_pct == pytest.approx(10)
    assert "scheduler" not in rows  # nothing but noise
