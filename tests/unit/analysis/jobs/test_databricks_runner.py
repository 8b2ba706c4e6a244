"""A job on Databricks that goes well, on each kind of compute and storage."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.jobs.errors import ComputeRefusedError, JobInputError, NotFoundError, RunFailedError, WorkspaceError
from tests.support.databricks.case import Case
from tests.support.databricks.faults import ApiError, refusal
from tests.support.databricks.server import TOKEN
from tests.support.jobs import OUTPUT

NO_CLUSTERS = refusal(403, "You are not authorized to create clusters. Please contact your administrator.")
ORDER = (
    "PUT /api/2.0/fs/files/Volumes/main/default/coinlake",
    "POST /api/2.0/workspace/import",
    "POST /api/2.1/clusters/create",
    "GET /api/2.1/clusters/get",
    "POST /api/2.2/jobs/runs/submit",
    "GET /api/2.2/jobs/runs/get",
    "GET /api/2.0/fs/files/Volumes/main/default/coinlake",
    "POST /api/2.1/clusters/permanent-delete",
    "POST /api/2.0/workspace/delete",
    "DELETE /api/2.0/fs/directories/Volumes/main/default/coinlake",
)


def test_the_notebook_really_runs_with_its_parameters(case: Case) -> None:
    case.workspace.runs.output = None
    forecast = case.run(limits=replace(case.runner.limits, run_s=600))
    assert forecast.read_text().splitlines() == [
        "day,value,lower,upper",
        "2026-01-04,92000.0,46000.0,138000.0",
        "2026-01-05,92000.0,46000.0,138000.0",
        "2026-01-06,92000.0,46000.0,138000.0",
    ]
    assert "forecast bitcoin" in str(json.loads(case.workspace.runs.executed)["cells"])


def test_a_failing_notebook_is_quoted(case: Case) -> None:
    case.workspace.runs.output = None
    failing = replace(case, job=replace(case.job, parameters={"fail": "no such luck"}))
    error = failing.fails_with(RunFailedError, limits=replace(case.runner.limits, run_s=600))
    assert error.startswith("the run ended as FAILED: ValueError: no such luck\n")
    assert error.endswith("Its page: https://workspace.example.com/?o=1#job/7/run/41")


def test_the_cluster_is_made_once_all_else_is_in_place(case: Case) -> None:
    case.run()
    first = [next(i for i, call in enumerate(case.workspace.calls) if call.startswith(start)) for start in ORDER]
    assert first == sorted(first)
    assert case.job.output_file.read_bytes() == OUTPUT


def test_cluster_and_run_end_by_themselves_too(case: Case) -> None:
    case.run()
    (cluster,), (run,) = case.workspace.clusters.made, case.workspace.runs.submitted
    assert (cluster["autotermination_minutes"], cluster["node_type_id"], cluster["num_workers"]) == (20, "small", 0)
    assert (run["timeout_seconds"], run["idempotency_token"]) == (60, cluster["cluster_name"])
    assert run["tasks"][0]["notebook_task"]["base_parameters"] == {"coin": "bitcoin", "horizon": "3"}


def test_the_cluster_may_belong_to_the_run(case: Case) -> None:
    case.run(compute="run")
    (run,) = case.workspace.runs.submitted
    given = run["tasks"][0]["new_cluster"]
    assert given["spark_version"] == "17.3.x-scala2.13"
    assert "autotermination_minutes" not in given
    assert not any("clusters/create" in call for call in case.workspace.calls)


def test_serverless_has_no_cluster(case: Case) -> None:
    case.run(compute="serverless")
    (run,) = case.workspace.runs.submitted
    assert run["tasks"][0].keys() == {"task_key", "notebook_task"}
    assert case.workspace.clusters.made == []


@pytest.mark.parametrize(
    "refused", [NO_CLUSTERS, refusal(400, "Classic compute is not available here.", "FEATURE_DISABLED")], ids=str
)
def test_where_clusters_are_refused_the_run_is_serverless(
    refused: ApiError, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.workspace.fail("clusters/create", refused)
    with caplog.at_level(logging.INFO):
        assert case.run().read_bytes() == OUTPUT
    assert "continuing serverless" in caplog.text


def test_a_cluster_that_was_asked_for_is_not_replaced(case: Case) -> None:
    case.workspace.fail("clusters/create", NO_CLUSTERS)
    assert "--compute serverless" in case.fails_with(ComputeRefusedError, compute="cluster")


def test_files_go_to_dbfs_where_it_can_be_written(case: Case) -> None:
    case.workspace.files.has_dbfs = True
    assert case.run(volume="").read_bytes() == OUTPUT
    assert case.workspace.files.uploaded[0].startswith("/tmp/coinlake-")
    assert b'output_csv = \\"/dbfs/tmp/coinlake-' in case.workspace.files.imported[0]


def test_without_volume_and_dbfs_the_remedy_is_named(case: Case) -> None:
    error = case.fails_with(WorkspaceError, volume="")
    assert "Public DBFS root is disabled" in error
    assert "set DATABRICKS_VOLUME=/Volumes/" in error


def test_serverless_notebooks_need_a_volume(case: Case) -> None:
    case.workspace.files.has_dbfs = True
    assert "DATABRICKS_VOLUME: serverless" in case.fails_with(JobInputError, volume="", compute="serverless")


def test_a_volume_that_is_not_there_is_named(case: Case) -> None:
    error = case.fails_with(NotFoundError, volume="/Volumes/main/default/other")
    assert "cannot upload /Volumes/main/default/other/coinlake-" in error


def test_the_token_travels_in_a_header_alone(case: Case) -> None:
    case.run()
    assert not [call for call in case.workspace.calls if TOKEN in call]
    assert not [path for path in Path(case.job.output_dir).rglob("*") if path.is_file() and TOKEN in path.read_text()]


@pytest.mark.parametrize("has_dbfs", [False, True])
def test_what_is_written_beside_the_forecast_comes_along(case: Case, *, has_dbfs: bool) -> None:
    case.workspace.files.has_dbfs = has_dbfs
    case.workspace.runs.beside = {"forecast_output_scores.csv": b"model,mae\n", "scratch.bin": b"\0"}
    case.job.output_dir.mkdir()
    (case.job.output_dir / "forecast_output_old.csv").write_text("of an earlier run")
    case.run(**({"volume": ""} if has_dbfs else {}))
    assert sorted(file.name for file in case.job.output_dir.iterdir()) == [
        "forecast_output.csv",
        "forecast_output_scores.csv",
    ]
    assert (case.job.output_dir / "forecast_output_scores.csv").read_bytes() == b"model,mae\n"


def test_files_that_cannot_be_listed_are_an_error(case: Case) -> None:
    case.workspace.fail("GET /api/2.0/fs/directories", refusal(403, "no"), times=1)
    assert "cannot list /Volumes/main/default/coinlake/coinlake-" in case.fails_with(WorkspaceError)
