"""Every step of a job on Databricks, failing in every way: the right error, and nothing is left."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace

import pytest

from analysis.jobs.errors import (
    ClusterStartError,
    JobOutputError,
    QuotaExceededError,
    RunFailedError,
    TokenRefusedError,
    WorkspaceError,
    WorkspaceUnreachableError,
)
from pipeline.errors import JobError
from tests.support.databricks.case import Case
from tests.support.databricks.faults import CUT, DONE_THEN_CUT, HALF, HANG, ApiError, refusal
from tests.support.databricks.server import TOKEN

ME = "GET /api/2.0/preview/scim/v2/Me"
UPLOAD = "PUT /api/2.0/fs/files"
IMPORT = "workspace/import"
NODE_TYPES = "list-node-types"
CREATE = "clusters/create"
CLUSTER = "clusters/get"
SUBMIT = "runs/submit"
RUN = "runs/get?"
DOWNLOAD = "GET /api/2.0/fs/files"
STEPS = (ME, UPLOAD, IMPORT, NODE_TYPES, CREATE, CLUSTER, SUBMIT, RUN, DOWNLOAD)
ANSWERS: tuple[tuple[ApiError | str, type[JobError]], ...] = (
    (refusal(401, "Credential was not sent or was of an unsupported type"), TokenRefusedError),
    (refusal(403, "Invalid access token."), TokenRefusedError),
    (refusal(403, "no permission"), WorkspaceError),
    (refusal(429, "slow down"), QuotaExceededError),
    (refusal(500, "boom"), WorkspaceUnreachableError),
    (refusal(503, "later"), WorkspaceUnreachableError),
    (CUT, WorkspaceUnreachableError),
)


@pytest.mark.parametrize(("answer", "kind"), ANSWERS, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("step", STEPS)
def test_a_refused_step_ends_the_job(step: str, answer: ApiError | str, kind: type[JobError], case: Case) -> None:
    case.workspace.fail(step, answer)
    case.fails_with(kind)


@pytest.mark.parametrize("step", [CREATE, DOWNLOAD])
def test_a_step_that_hangs_ends_the_job(step: str, case: Case) -> None:
    case.workspace.fail(step, HANG)
    case.fails_with(WorkspaceUnreachableError)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("answer", [refusal(429), CUT], ids=str)
def test_a_fault_that_passes_does_not(step: str, answer: ApiError | str, case: Case) -> None:
    case.workspace.fail(step, answer, times=2)
    assert case.run().exists()


@pytest.mark.parametrize("step", [CLUSTER, RUN])
def test_a_look_may_meet_a_server_that_restarts(step: str, case: Case) -> None:
    case.workspace.fail(step, refusal(500), times=4)
    assert case.run().exists()


def test_a_creation_without_an_answer_leaves_no_cluster(case: Case) -> None:
    case.workspace.fail(CREATE, DONE_THEN_CUT, times=1)
    assert case.run().exists()
    assert len(case.workspace.clusters.made) == 2  # the SDK has repeated the call


def test_a_submission_without_an_answer_starts_one_run(case: Case) -> None:
    case.workspace.fail(SUBMIT, DONE_THEN_CUT, times=1)
    assert case.run().exists()
    assert len(case.workspace.runs.submitted) == 1


def test_a_run_without_an_answer_is_cancelled(case: Case) -> None:
    case.workspace.runs.ends_as = ("RUNNING", None)
    case.workspace.fail(SUBMIT, DONE_THEN_CUT)
    case.fails_with(WorkspaceUnreachableError)
    assert len(case.workspace.runs.submitted) == 1


def test_a_cluster_that_never_starts(case: Case) -> None:
    case.workspace.clusters.looks_until_running = 1_000_000
    error = case.fails_with(ClusterStartError, limits=replace(case.runner.limits, cluster_start_s=1))
    assert "not RUNNING within 1 s; allow more with --start-limit" in error


def test_a_cluster_that_ends_instead(case: Case) -> None:
    parameters = {"azure_error_message": "no Standard_DS3_v2 in westeurope"}
    case.workspace.clusters.ends_with = {"code": "CLOUD_PROVIDER_LAUNCH_FAILURE", "parameters": parameters}
    error = case.fails_with(ClusterStartError)
    assert "CLOUD_PROVIDER_LAUNCH_FAILURE (azure_error_message=no Standard_DS3_v2 in westeurope)" in error


@pytest.mark.parametrize(
    "message", ["The quota of cores is exceeded", "cannot exceed the limit of 5 clusters", "Too many clusters"]
)
def test_a_quota_is_named(message: str, case: Case) -> None:
    case.workspace.fail(CREATE, refusal(400, message))
    assert message in case.fails_with(QuotaExceededError)


@pytest.mark.parametrize(
    ("life_cycle", "result", "said"),
    [
        ("TERMINATED", "FAILED", "FAILED"),
        ("TERMINATED", "CANCELED", "CANCELED"),
        ("TERMINATED", "TIMEDOUT", "TIMEDOUT"),
        ("INTERNAL_ERROR", "FAILED", "FAILED"),
        ("INTERNAL_ERROR", None, "INTERNAL_ERROR"),
        ("SKIPPED", None, "SKIPPED"),
    ],
)
def test_a_run_that_fails_is_explained(life_cycle: str, result: str | None, said: str, case: Case) -> None:
    case.workspace.runs.ends_as = (life_cycle, result)
    error = case.fails_with(RunFailedError)
    assert error.splitlines() == [
        f"the run ended as {said}: ValueError: told to fail",
        "a line",
        "ValueError: told to fail",
        "Its page: https://workspace.example.com/?o=1#job/7/run/41",
    ]


def test_too_many_runs_are_a_quota(case: Case) -> None:
    case.workspace.runs.ends_as = ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED")
    case.fails_with(QuotaExceededError)


def test_a_run_that_never_ends_is_cancelled(case: Case) -> None:
    case.workspace.runs.ends_as = ("RUNNING", None)
    error = case.fails_with(RunFailedError, limits=replace(case.runner.limits, run_s=1))
    assert "TIMEDOUT: it has not ended within 1 s; allow more with --run-limit" in error


def test_a_failure_whose_reason_cannot_be_read_is_still_one(case: Case) -> None:
    case.workspace.runs.ends_as = ("TERMINATED", "FAILED")
    case.workspace.fail("get-output", refusal(400, "no output"))
    assert "FAILED: as told (Databricks: cannot read the notebook's error" in case.fails_with(RunFailedError)


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        (b"", "no header with rows"),
        (b"day,value\n", "no header with rows"),
        (b"day,value\n2026-01-04,92000\n2026-01", "line 3 has 1 fields, the header has 2"),
        (b"day,value\n2026-01-04,92000\n2026-01-05,9", "its last line has no end"),
    ],
)
def test_an_incomplete_forecast_is_refused(output: bytes, fault: str, case: Case) -> None:
    case.workspace.runs.output = output
    assert fault in case.fails_with(JobOutputError)


def test_a_notebook_that_wrote_nothing(case: Case) -> None:
    case.workspace.fail(DOWNLOAD, refusal(404, "no such file", "NOT_FOUND"))
    assert "was not written by the notebook" in case.fails_with(JobOutputError)


def test_a_download_that_is_cut_off_is_repeated(case: Case) -> None:
    case.workspace.fail(DOWNLOAD, HALF, times=2)
    assert case.run().exists()


def test_a_download_that_is_always_cut_off_leaves_no_file(case: Case) -> None:
    case.workspace.fail(DOWNLOAD, HALF)
    assert "cut off 3 times, last after" in case.fails_with(JobOutputError)


@pytest.mark.parametrize(("step", "status"), [*((step, 401) for step in STEPS), (CREATE, 403), (CREATE, 500)])
def test_a_server_that_quotes_the_token_does_not_get_it_printed(
    step: str, status: int, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.workspace.fail(step, refusal(status, f"bad header Authorization: Bearer {TOKEN}"))
    with caplog.at_level(logging.INFO), pytest.raises(JobError) as caught:
        case.run()
    said = "".join(traceback.format_exception(caught.value))
    assert "Bearer ***" in said
    assert TOKEN not in said
    assert TOKEN not in caplog.text
