"""What a job made on Databricks is deleted, also when the deletion fails at first or a signal comes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest
from databricks.sdk import WorkspaceClient

from analysis.jobs.databricks.cleanup import cleaning_up
from analysis.jobs.databricks.clusters import create_cluster, delete_cluster
from analysis.jobs.databricks.workspace import Limits
from analysis.jobs.errors import LeftoversError, RunFailedError
from analysis.jobs.interruption import Interrupted
from pipeline.errors import JobError
from tests.support.databricks.case import Case
from tests.support.databricks.faults import CUT, DONE_THEN_CUT, refusal
from tests.support.databricks.server import Workspace

DELETE = "permanent-delete"
BRIEF = Limits(poll_s=0, deletions=3)


def test_a_deletion_that_fails_at_first_is_repeated(case: Case) -> None:
    case.workspace.fail(DELETE, refusal(500), times=2)
    assert case.run().exists()


def test_a_deletion_whose_answer_is_lost_is_no_fault(case: Case) -> None:
    case.workspace.fail(DELETE, DONE_THEN_CUT, times=1)
    assert case.run().exists()


@pytest.mark.parametrize("call", ["clusters/list", "workspace/delete", "DELETE /api/2.0/fs"])
def test_every_deletion_is_repeated(call: str, case: Case) -> None:
    case.workspace.fail(call, refusal(500), after=1 if call == "clusters/list" else 0, times=2)
    assert case.run().exists()


def test_deletions_are_not_tried_for_ever(case: Case) -> None:
    case.workspace.fail(DELETE, refusal(500))
    impatient = replace(case.runner.limits, deletions=1_000_000, deletion_s=0.1)
    with pytest.raises(LeftoversError):
        case.run(limits=impatient)


@pytest.mark.parametrize("answer", [refusal(500), refusal(401), CUT], ids=str)
def test_a_cluster_that_cannot_be_deleted_is_said_loudly(answer: object, case: Case) -> None:
    case.workspace.fail(DELETE, answer)  # type: ignore[arg-type]
    with pytest.raises(LeftoversError, match="STILL ON DATABRICKS, delete it yourself: cluster 1129-000001-abcd"):
        case.run()
    assert list(case.workspace.clusters.all) == ["1129-000001-abcd"]
    assert case.workspace.files.left() == [], "one failure skips no other deletion"


def test_a_token_that_expires_for_good_is_told_with_what_is_left(case: Case) -> None:
    case.workspace.runs.ends_as = ("RUNNING", None)
    case.workspace.fail("/api/", refusal(403, "Invalid access token."), after=12)
    with pytest.raises(LeftoversError) as caught:
        case.run()
    (cluster_id,) = case.workspace.clusters.all
    for words in (f"cluster {cluster_id}", "run coinlake-", "notebook in /Users/ada@", "files in /Volumes/main"):
        assert words in str(caught.value)
    assert "The job itself had failed before: Databricks: cannot read the state of run 41" in str(caught.value)


def test_files_that_cannot_be_deleted_are_named(case: Case) -> None:
    case.workspace.fail("DELETE /api/2.0/fs", refusal(403, "no"))
    with pytest.raises(LeftoversError, match="files in /Volumes/main/default/coinlake/coinlake-"):
        case.run()
    assert list(case.workspace.clusters.all) == []


def test_clusters_that_cannot_be_listed_may_be_left(case: Case) -> None:
    case.workspace.fail("clusters/list", refusal(500), after=1)  # the first call lists node types
    with pytest.raises(LeftoversError, match="clusters named coinlake-"):
        case.run()
    assert list(case.workspace.clusters.all) == [], "the known one is deleted first"


def test_a_cluster_that_is_gone_is_no_fault(client: WorkspaceClient, workspace: Workspace) -> None:
    cluster_id = create_cluster(client, "mine")
    delete_cluster(client, cluster_id)
    delete_cluster(client, cluster_id)
    assert list(workspace.clusters.all) == []


def end_by(number: signal.Signals, *deletions: tuple[str, Callable[[], object]]) -> None:
    """Raise a signal in a block that has to delete these."""
    with cleaning_up(BRIEF) as cleanup:
        for what, delete in deletions:
            cleanup.add(what, delete)
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_block_and_cleans_up(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    deleted: list[str] = []
    with pytest.raises(Interrupted, match=number.name):
        end_by(number, ("first", lambda: deleted.append("first")), ("second", lambda: deleted.append("second")))
    assert deleted == ["second", "first"]
    assert signal.getsignal(number) == before


def test_more_signals_do_not_stop_the_cleanup() -> None:
    deleted: list[str] = []
    again = ("again", lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match="SIGTERM"):
        end_by(signal.SIGTERM, ("last", lambda: deleted.append("last")), again, again)
    assert deleted == ["last"]


def test_a_signal_during_the_cleanup_changes_nothing() -> None:
    deleted: list[str] = []
    with cleaning_up(BRIEF) as cleanup:
        cleanup.add("last", lambda: deleted.append("last"))
        cleanup.add("interrupted", lambda: signal.raise_signal(signal.SIGINT))
    assert deleted == ["last"]


def test_an_unexpected_error_skips_no_other_deletion() -> None:
    deleted: list[str] = []

    def fail_with_a_wrong_deletion() -> None:
        with cleaning_up(BRIEF) as cleanup:
            cleanup.add("this", lambda: deleted.append("this"))
            cleanup.add("that", lambda: 1 / 0)
            raise RunFailedError("FAILED", "why", "page")

    with pytest.raises(LeftoversError, match=r"delete it yourself: that \(ZeroDivisionError\)") as caught:
        fail_with_a_wrong_deletion()
    assert deleted == ["this"]
    assert isinstance(caught.value.__cause__, RunFailedError)
    assert "The job itself had failed before: the run ended as FAILED: why" in str(caught.value)


def test_an_error_of_the_block_is_kept() -> None:
    with pytest.raises(JobError, match="mine"), cleaning_up(BRIEF):
        raise JobError("mine")
