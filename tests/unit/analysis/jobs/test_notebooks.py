"""Notebooks as jobs: their parameters, and the copy with values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.jobs.errors import JobInputError
from analysis.jobs.job import Job
from analysis.jobs.notebooks import check_notebook, parametrised
from tests.support.jobs import PARAMETERS, write_notebook


def test_a_parameter_that_the_notebook_does_not_take_is_named(job: Job) -> None:
    with pytest.raises(
        JobInputError, match=r"no parameter 'horizn'; it takes coin, fail, horizon, output_csv, prices_csv"
    ):
        check_notebook(replace(job, parameters={"horizn": 3}))


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        (PARAMETERS.replace("output_csv", "out"), "no parameter 'output_csv'"),
        ("prices_csv = (", "not plain Python"),
    ],
)
def test_the_cell_of_parameters_is_checked(parameters: str, fault: str, job: Job) -> None:
    write_notebook(job.notebook, parameters=parameters)
    with pytest.raises(JobInputError, match=fault):
        check_notebook(job)


def test_annotated_parameters_count(job: Job) -> None:
    write_notebook(job.notebook, parameters="prices_csv: str = ''\noutput_csv: str = ''\ncoin = horizon = None")
    check_notebook(job)


@pytest.mark.parametrize("content", [None, "", "no JSON", "{}"])
def test_a_file_that_is_no_notebook_is_named(content: str | None, job: Job) -> None:
    job.notebook.unlink()
    if content is not None:
        job.notebook.write_text(content)
    with pytest.raises(JobInputError, match=r"small\.ipynb: "):
        check_notebook(job)


def test_a_notebook_without_the_tag_is_named(job: Job) -> None:
    job.notebook.write_text(job.notebook.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(JobInputError, match="no cell tagged 'parameters'"):
        check_notebook(job)


def test_the_copy_has_the_values_behind_the_defaults(job: Job, tmp_path: Path) -> None:
    before = job.notebook.read_bytes()
    copy = json.loads(parametrised(job.notebook, {"models": ["a", "b"], "horizon": 2}, first_cells=["import sys"]))
    sources = ["".join(cell["source"]) for cell in copy["cells"]]
    assert sources[0] == "import sys"
    assert "horizon = 3" in sources[1]
    assert 'models = ["a", "b"]\nhorizon = 2' in sources[2]
    assert job.notebook.read_bytes() == before
