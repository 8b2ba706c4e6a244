"""A one-time run of a notebook: submitted, awaited, cancelled, and why it failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.platform import InvalidState
from databricks.sdk.service.compute import ClusterSpec
from databricks.sdk.service.jobs import (
    NotebookTask,
    Run,
    RunLifeCycleState,
    RunResultState,
    Source,
    SubmitTask,
)

from analysis.jobs.databricks.workspace import Limits, poll_until, step
from analysis.jobs.errors import QuotaExceededError, RunFailedError, WorkspaceError

log = logging.getLogger(__name__)
ENDED = {RunLifeCycleState.TERMINATED, RunLifeCycleState.SKIPPED, RunLifeCycleState.INTERNAL_ERROR}
TASK = "notebook"
SLACK_S = 60  # the run ends itself at its limit; only then is it cancelled from here
POLLS_AFTER_CANCEL = 3
TRACE_LINES = 12

Compute = str | ClusterSpec | None
"""Where a run takes place: on a running cluster (its id), on one of its own, or serverless."""


@dataclass(frozen=True)
class Submission:
    """What is run: a notebook of the workspace, where, under which name, and for how long at most."""

    notebook: str
    compute: Compute
    name: str  # unique: a repeated submission of the same name is the same run
    parameters: Mapping[str, object]  # shown on the run's page and handed to widgets
    limit_s: int


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands: Databricks' words for its life cycle and result (empty before its end), and its page."""

    life_cycle: str
    result: str
    message: str
    page: str

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.life_cycle in {state.value for state in ENDED}


def submit_notebook_run(workspace: WorkspaceClient, submission: Submission) -> int:
    """Start a one-time run and return its id at once.

    Raises:
        QuotaExceededError: too many runs or clusters.
        ComputeRefusedError: this user or workspace may not use that compute.
        WorkspaceError: the notebook is not in the workspace, or another cause.
    """
    compute = submission.compute
    task = SubmitTask(
        task_key=TASK,
        notebook_task=NotebookTask(
            notebook_path=submission.notebook,
            base_parameters={name: str(value) for name, value in submission.parameters.items()},
            source=Source.WORKSPACE,
        ),
        existing_cluster_id=compute if isinstance(compute, str) else None,
        new_cluster=_for_one_run(compute) if isinstance(compute, ClusterSpec) else None,
    )
    with step(workspace, "start the run"):
        waiter = workspace.jobs.submit(
            run_name=submission.name,
            tasks=[task],
            timeout_seconds=submission.limit_s,
            idempotency_token=submission.name,  # a repeated call, as after a cut connection, starts no second run
        )
    return int(waiter.bind()["run_id"])


def get_job_run_status(workspace: WorkspaceClient, run_id: int) -> RunStatus:
    """Return where a run stands.

    Raises:
        WorkspaceError: there is no such run, or another cause.
    """
    return _status(_get(workspace, run_id))


def wait_for_run(workspace: WorkspaceClient, run_id: int, limits: Limits) -> RunStatus:
    """Return once the run has ended with success.

    Raises:
        QuotaExceededError: it was skipped, because as many runs as allowed were under way.
        RunFailedError: it ended otherwise, or did not end within its limit; with its page and the notebook's error.
        WorkspaceError: its state cannot be read.
    """
    seen = ""

    def ended() -> RunStatus | None:
        nonlocal seen
        status = get_job_run_status(workspace, run_id)
        if not seen:
            log.info("its page: %s", status.page)
        if status.life_cycle != seen:
            log.info("run %d is %s", run_id, status.life_cycle)
            seen = status.life_cycle
        return status if status.ended else None

    status = poll_until(ended, limits.run_s + min(SLACK_S, limits.run_s), limits.poll_s)
    if status is None:
        page = get_job_run_status(workspace, run_id).page
        raise RunFailedError("TIMEDOUT", f"it has not ended within {limits.run_s} s; allow more with --run-limit", page)
    if status.result == RunResultState.SUCCESS.value:
        return status
    if status.result == RunResultState.MAXIMUM_CONCURRENT_RUNS_REACHED.value:
        raise QuotaExceededError("start the run", status.message or "too many runs at the same time")
    raise RunFailedError(status.result or status.life_cycle, _why(workspace, run_id, status), status.page)


def cancel_run(workspace: WorkspaceClient, run_id: int) -> None:
    """Ask Databricks to end a run; one that has ended already is no error."""
    with step(workspace, f"cancel run {run_id}"), suppress(InvalidState):
        workspace.jobs.cancel_run(run_id)
        log.info("run %d cancelled", run_id)


def runs_named(workspace: WorkspaceClient, name: str) -> list[int]:
    """Return the ids of the active runs of this name, such as one whose submission got no answer."""
    with step(workspace, f"list the runs named {name}"):
        found = [run for run in workspace.jobs.list_runs(active_only=True) if run.run_name == name]
    return [int(run.run_id) for run in found if run.run_id is not None]


@dataclass
class RunRemoval:
    """Ends a run, which must not outlive its job."""

    workspace: WorkspaceClient
    name: str
    limits: Limits
    run_id: int | None = None
    needed: bool = True  # until the run has ended

    def run(self) -> None:
        """Cancel the run, and give it a moment to end, so that it writes no file afterwards."""
        if not self.needed:
            return
        for run_id in runs_named(self.workspace, self.name) if self.run_id is None else [self.run_id]:
            cancel_run(self.workspace, run_id)
            with suppress(WorkspaceError):
                poll_until(partial(self._ended, run_id), POLLS_AFTER_CANCEL * self.limits.poll_s, self.limits.poll_s)

    def _ended(self, run_id: int) -> bool | None:
        return get_job_run_status(self.workspace, run_id).ended or None


def _get(workspace: WorkspaceClient, run_id: int) -> Run:
    with step(workspace, f"read the state of run {run_id}"):
        return workspace.jobs.get_run(run_id)


def _status(run: Run) -> RunStatus:
    state = run.state
    if state is None:
        return RunStatus("PENDING", "", "", run.run_page_url or "")
    life_cycle = state.life_cycle_state.value if state.life_cycle_state else "UNKNOWN"
    result = state.result_state.value if state.result_state else ""
    return RunStatus(life_cycle, result, state.state_message or "", run.run_page_url or "")


def _why(workspace: WorkspaceClient, run_id: int, status: RunStatus) -> str:
    """Return the notebook's own error, which hangs on the run's task, with the end of its traceback."""
    try:
        tasks = _get(workspace, run_id).tasks or []
        with step(workspace, "read the notebook's error"):
            outputs = [workspace.jobs.get_run_output(task.run_id) for task in tasks if task.run_id is not None]
    except WorkspaceError as error:
        return f"{status.message} ({error})"
    errors = [output.error for output in outputs if output.error]
    traces = [line for output in outputs for line in (output.error_trace or "").splitlines()]
    return "\n".join([*(errors or [status.message or "no reason given"]), *traces[-TRACE_LINES:]])


def _for_one_run(cluster: ClusterSpec) -> ClusterSpec:
    """Return the cluster as a run wants it: it ends with the run, and its name is the run's."""
    return replace(cluster, autotermination_minutes=None, cluster_name=None)
