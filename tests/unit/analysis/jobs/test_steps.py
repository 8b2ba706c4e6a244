"""The steps of a job on Databricks, each called by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient

from analysis.jobs import (
    connect,
    create_cluster,
    delete_cluster,
    download_from_dbfs,
    get_cluster_status,
    get_job_run_status,
    submit_notebook_run,
    upload_to_dbfs,
)
from analysis.jobs.databricks import shipping
from analysis.jobs.databricks.clusters import CLUSTER_CONFIG, ClusterStatus, read_cluster_config
from analysis.jobs.databricks.runs import RunStatus, Submission
from analysis.jobs.errors import JobInputError, JobOutputError
from pipeline.errors import SettingsError
from pipeline.settings.databricks import DatabricksSettings
from pipeline.settings.values import Secret
from tests.support.databricks.faults import HALF, refusal
from tests.support.databricks.files import VOLUME
from tests.support.databricks.server import Workspace
from tests.support.jobs import OUTPUT


def test_without_host_or_token_the_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="DATABRICKS_HOST"):
        connect(DatabricksSettings("", Secret("x"), ""))
    with pytest.raises(SettingsError, match="DATABRICKS_TOKEN"):
        connect(DatabricksSettings("https://example.com", Secret(""), ""))


def test_other_credentials_of_this_machine_are_not_used(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "someone")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "else")
    client = connect(DatabricksSettings(workspace.url, Secret("wrong"), ""))
    assert client.config.auth_type == "pat"


def test_a_clusters_states_are_seen(client: WorkspaceClient) -> None:
    cluster_id = create_cluster(client, "mine")
    assert get_cluster_status(client, cluster_id) == ClusterStatus("PENDING", "no reason given")
    assert get_cluster_status(client, cluster_id).state == "RUNNING"
    delete_cluster(client, cluster_id)


def test_a_run_is_submitted_and_seen(client: WorkspaceClient, workspace: Workspace) -> None:
    workspace.files.notebooks["/Users/me/mine"] = b""
    workspace.runs.ends_as = ("TERMINATED", "SUCCESS")
    run_id = submit_notebook_run(client, Submission("/Users/me/mine", None, "mine", {"coin": "bitcoin"}, 60))
    assert workspace.runs.submitted[0]["tasks"][0]["notebook_task"]["base_parameters"] == {"coin": "bitcoin"}
    page = f"https://workspace.example.com/?o=1#job/7/run/{run_id}"
    status = get_job_run_status(client, run_id)
    assert status == RunStatus(status.life_cycle, status.result, "as told", page)


@pytest.mark.parametrize("folder", [VOLUME, "dbfs:/tmp"])
def test_files_come_back_as_they_went(
    folder: str, client: WorkspaceClient, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.files.has_dbfs = True
    content = b"day,value\n" + b"2026-01-01,1\n" * 100_000  # more than DBFS takes or gives at once
    upload_to_dbfs(client, content, f"{folder}/mine/out.csv")
    assert download_from_dbfs(client, f"{folder}/mine/out.csv", tmp_path / "out.csv").read_bytes() == content
    assert [path.name for path in tmp_path.glob("*.csv*")] == ["out.csv"]


def test_a_file_of_this_machine_is_uploaded(client: WorkspaceClient, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(OUTPUT)
    upload_to_dbfs(client, tmp_path / "out.csv", f"{VOLUME}/mine/out.csv")
    assert workspace.files.content(f"{VOLUME}/mine/out.csv") == OUTPUT


def test_dbfs_that_gives_less_than_it_says_is_noticed(
    client: WorkspaceClient, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.files.has_dbfs = True
    upload_to_dbfs(client, OUTPUT, "dbfs:/tmp/mine/out.csv")
    workspace.fail("dbfs/get-status", HALF, times=0)
    workspace.table["GET", "/api/2.0/dbfs/read"] = lambda _query, _body: {"bytes_read": 0, "data": ""}
    with pytest.raises(JobOutputError, match="cut off 3 times, last after 0 of "):
        download_from_dbfs(client, "dbfs:/tmp/mine/out.csv", tmp_path / "out.csv")
    assert list(tmp_path.glob("*.csv*")) == []


def test_a_volume_without_permission_is_refused(client: WorkspaceClient, workspace: Workspace) -> None:
    workspace.fail("PUT /api/2.0/fs/files", refusal(403, "User does not have WRITE VOLUME on main.default.coinlake"))
    with pytest.raises(Exception, match="WRITE VOLUME"):
        upload_to_dbfs(client, b"", f"{VOLUME}/mine/out.csv")


def test_the_shipped_cluster_costs_little_and_ends_by_itself() -> None:
    spec = read_cluster_config()
    assert (spec.num_workers, spec.autotermination_minutes) == (0, 20)
    assert json.loads(CLUSTER_CONFIG.read_text()) == spec.as_dict()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "no cluster configuration"),
        ("[]", "no cluster configuration"),
        ('{"num_workers": 0, "autotermination_minutes": 20}', "spark_version is missing"),
        ('{"spark_version": "x", "autotermination_minutes": 20, "numworkers": 1}', "unknown: numworkers"),
        ('{"spark_version": "x"}', "autotermination_minutes is needed"),
        ('{"spark_version": "x", "autotermination_minutes": 0}', "autotermination_minutes is needed"),
    ],
)
def test_a_cluster_configuration_with_a_fault_is_named(text: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text(text)
    with pytest.raises(JobInputError, match=f"{file}: .*{fault}"):
        read_cluster_config(file)


def test_packages_are_those_of_the_project(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    assert set(shipping.packages()) <= set(project["dependencies"])


def test_the_modules_can_be_imported_from_their_zip_file(tmp_path: Path) -> None:
    (tmp_path / "modules.zip").write_bytes(shipping.modules())
    code = "import sys; sys.path.insert(0, 'modules.zip'); import pipeline.errors as e; print(e.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={}, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("modules.zip/pipeline/")
