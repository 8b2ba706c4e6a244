"""A job on a workspace: run it, or see it fail, and nothing may be left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from analysis.jobs.databricks.runner import DatabricksRunner
from analysis.jobs.job import Job
from pipeline.errors import JobError
from tests.support.databricks.server import Workspace


@dataclass(frozen=True)
class Case:
    """A job, the workspace that it runs on, and its runner."""

    runner: DatabricksRunner
    workspace: Workspace
    job: Job

    def run(self, **changes: Any) -> Path:
        """Run the job, the runner changed a little, and check that nothing is left."""
        forecast = replace(self.runner, **changes).run(self.job)
        self.assert_nothing_left()
        return forecast

    def fails_with(self, kind: type[JobError], **changes: Any) -> str:
        """Run the job, which must fail in this way and leave nothing there and here; return the error's text."""
        with pytest.raises(kind) as caught:
            replace(self.runner, **changes).run(self.job)
        assert type(caught.value) is kind
        self.assert_nothing_left()
        assert list(self.job.output_dir.iterdir()) == []
        return str(caught.value)

    def assert_nothing_left(self) -> None:
        """Check that no cluster, active run, file or notebook is left on the workspace."""
        active = self.workspace.runs.list({}, None)["runs"]
        assert (list(self.workspace.clusters.all), active, self.workspace.files.left()) == ([], [], [])
