"""A job to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.jobs.job import Job
from tests.support.jobs import make_job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job that forecasts three days."""
    return make_job(tmp_path, coin="bitcoin", horizon=3)
