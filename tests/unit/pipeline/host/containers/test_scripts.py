"""The scripts of a container, with a stand-in for its Python that tells what it was given."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(checkout: Path, tmp_path: Path) -> Run:
    """Run one of the scripts; `code` is what its Python ends with."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\nexit "${PYTHON_ENDS_WITH:-0}"\n')
    python.chmod(0o755)

    def run_script(name: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        own = {"COINLAKE_HOME": str(tmp_path), "COINLAKE_PYTHON": str(python), "TMPDIR": str(tmp_path)}
        return subprocess.run(
            [checkout / "pipeline" / "engines" / "containers" / name, *arguments],
            env=os.environ | own | {"PYTHON_ENDS_WITH": str(code)},
            check=False,
            capture_output=True,
            text=True,
        )

    return run_script


def test_a_first_check_waits_for_the_service(run: Run) -> None:
    first = run("health.sh", "kafka", code=1)
    assert (first.returncode, first.stdout) == (1, "-m pipeline.health.probes kafka --timeout 90\n")
    assert "--timeout 90" in run("health.sh", "kafka").stdout


def test_a_check_that_went_well_is_not_repeated_at_once(run: Run, tmp_path: Path) -> None:
    run("health.sh", "namenode", "datanode")
    again = run("health.sh", "namenode", "datanode", code=1)
    assert (again.returncode, again.stdout) == (0, "")
    (tmp_path / "healthy").write_text(f"{time.time() - 21:.0f}\n")
    later = run("health.sh", "namenode", "datanode", code=1)
    assert (later.returncode, later.stdout) == (1, "-m pipeline.health.probes namenode datanode --timeout 10\n")


def test_a_container_renders_and_becomes_its_service(run: Run, tmp_path: Path) -> None:
    done = run("enter.sh", "simulator")
    assert done.stdout.splitlines() == ["-m pipeline.engines.render", "-m pipeline.ingest.simulator"]


def test_three_services_of_hadoop_share_a_supervisor(run: Run, tmp_path: Path) -> None:
    assert run("enter.sh", "cloudera").stdout.splitlines() == [
        "-m pipeline.engines.render --foreground namenode datanode metastore",
        f"-m supervisor.supervisord --nodaemon --configuration {tmp_path}/conf/supervisord.conf",
    ]


def test_any_other_command_is_run_in_the_checkout(run: Run, checkout: Path) -> None:
    assert run("enter.sh", "pwd").stdout == f"{checkout}\n"


def test_a_configuration_that_cannot_be_rendered_starts_nothing(run: Run) -> None:
    done = run("enter.sh", "simulator", code=1)
    assert (done.returncode, done.stdout) == (1, "-m pipeline.engines.render\n")
