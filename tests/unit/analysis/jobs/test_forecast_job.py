"""The shipped notebook as a job, on both runners."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis.jobs.__main__ import NOTEBOOK
from analysis.jobs.job import Job
from analysis.jobs.local import LocalRunner
from tests.support.databricks.case import Case

FIRST = date(2025, 1, 1)
DAYS = 150


@pytest.fixture
def forecast_job(job: Job, tmp_path: Path) -> Job:
    """Three days ahead by the quickest models, from a price that swings around a rise."""
    prices = tmp_path / "swinging.csv"
    rows = [(FIRST + timedelta(days=n), round(100 * math.exp(n / 300 + math.sin(n * n) / 20), 6)) for n in range(DAYS)]
    prices.write_text("day,price_usd\n" + "".join(f"{day},{price}\n" for day, price in rows))
    parameters = {"coin": "bitcoin", "horizon": 3, "origins": 8, "models": ["naive", "drift"]}
    return replace(job, notebook=NOTEBOOK, price_file=prices, parameters=parameters)


def check(output: Path) -> None:
    """Look for the three days after the last price, by both models."""
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    coming = [str(FIRST + timedelta(days=DAYS + n)) for n in range(3)]
    assert {row["model"] for row in rows} == {"naive", "drift"}
    assert sorted({row["day"] for row in rows}) == coming
    assert all(float(row["lower"]) < float(row["value"]) < float(row["upper"]) for row in rows)


def test_it_runs_here(forecast_job: Job) -> None:
    check(LocalRunner().run(forecast_job))
    names = {path.name for path in forecast_job.output_dir.iterdir()}
    assert {"forecast_output.csv", "forecast_output_scores.csv", "forecast.ipynb"} <= names


def test_it_runs_on_a_workspace_and_leaves_nothing_there(case: Case, forecast_job: Job) -> None:
    case.workspace.runs.output = None
    limits = replace(case.runner.limits, run_s=600)
    check(replace(case, job=forecast_job).run(limits=limits))
