"""A job, a workspace, and a runner that looks often and waits briefly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient

from analysis.jobs.databricks.runner import DatabricksRunner
from analysis.jobs.databricks.workspace import Limits, connect
from analysis.jobs.job import Job
from pipeline.settings.databricks import DatabricksSettings
from pipeline.settings.values import Secret
from tests.support.databricks.case import Case
from tests.support.databricks.clock import PausesOnly
from tests.support.databricks.files import VOLUME
from tests.support.databricks.server import TOKEN, Workspace, running_workspace
from tests.support.jobs import OUTPUT, make_job

LIMITS = Limits(poll_s=0.01, cluster_start_s=60, run_s=60, request_s=1.0, retry_s=6, deletions=3)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job that forecasts three days."""
    return make_job(tmp_path, coin="bitcoin", horizon=3)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose runs write a forecast at once, without running the notebook."""
    with running_workspace(tmp_path / "workspace") as server:
        server.runs.output = OUTPUT
        yield server


@pytest.fixture
def client(workspace: Workspace) -> WorkspaceClient:
    """The real SDK's client of that workspace."""
    return connect(DatabricksSettings(workspace.url, Secret(TOKEN), VOLUME), LIMITS, PausesOnly())


@pytest.fixture
def runner(client: WorkspaceClient) -> DatabricksRunner:
    """A runner that installs nothing."""
    return DatabricksRunner(client, VOLUME, limits=LIMITS, packages=[])


@pytest.fixture
def case(runner: DatabricksRunner, workspace: Workspace, job: Job) -> Case:
    """All three."""
    return Case(runner, workspace, job)
