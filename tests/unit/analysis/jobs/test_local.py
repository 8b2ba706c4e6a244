"""Jobs on this machine, in real kernels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.jobs.errors import JobInputError, JobOutputError
from analysis.jobs.job import Job
from analysis.jobs.local import LocalRunner
from pipeline.errors import NotebookError
from tests.support.jobs import FORECAST, write_notebook


def test_the_forecast_and_the_executed_notebook_are_kept(job: Job) -> None:
    assert LocalRunner().run(job) == job.output_file
    assert len(job.output_file.read_text().splitlines()) == 4
    assert sorted(path.name for path in job.output_dir.iterdir()) == ["forecast_output.csv", "small.ipynb"]
    assert "forecast bitcoin" in str(json.loads(job.executed_notebook.read_text())["cells"])


def test_a_failing_cell_is_named_and_an_old_forecast_is_not_kept(job: Job) -> None:
    job.output_dir.mkdir()
    job.output_file.write_text("day,value\n2020-01-01,1\n")
    with pytest.raises(NotebookError, match=r"small\.ipynb: cell In \[3\] \(import csv\): ValueError: no such luck; "):
        LocalRunner().run(replace(job, parameters={"fail": "no such luck"}))
    assert [path.name for path in job.output_dir.iterdir()] == ["small.ipynb"]


def test_what_is_written_beside_the_forecast_is_kept(job: Job) -> None:
    scores = "import pathlib\npathlib.Path(output_csv).with_name('forecast_output_scores.csv').write_text('x')"
    write_notebook(job.notebook, code=f"{FORECAST}\n{scores}")
    LocalRunner().run(job)
    assert (job.output_dir / "forecast_output_scores.csv").read_text() == "x"


def test_a_notebook_that_writes_nothing_is_told(job: Job) -> None:
    write_notebook(job.notebook, code="print('idle')")
    with pytest.raises(JobOutputError, match="did not write it"):
        LocalRunner().run(job)


def test_a_job_without_prices_starts_no_kernel(job: Job, tmp_path: Path) -> None:
    with pytest.raises(JobInputError, match=r"none\.csv"):
        LocalRunner().run(replace(job, price_file=tmp_path / "none.csv"))
    assert not job.output_dir.exists()


def test_a_kernel_that_dies_is_told(job: Job) -> None:
    write_notebook(job.notebook, code=f"import os\nos._exit(1)\n{FORECAST}")
    with pytest.raises(NotebookError, match=r"small\.ipynb: .*[Kk]ernel died"):
        LocalRunner().run(job)
