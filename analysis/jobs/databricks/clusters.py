"""The cluster of a job: made from a file, awaited, and deleted for good."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound
from databricks.sdk.service.compute import ClusterDetails, ClusterSpec, State

from analysis.jobs.databricks.workspace import Limits, poll_until, step, with_retries
from analysis.jobs.errors import ClusterStartError, ComputeRefusedError, JobInputError, LeftoversError, WorkspaceError

log = logging.getLogger(__name__)
CLUSTER_CONFIG = Path(__file__).parent.parent / "config" / "cluster_config.json"
LEAST_MEMORY_GB = 8
ENDED = {State.TERMINATED, State.TERMINATING, State.ERROR}
A_CAUSE_THAT_PASSES = "run the job again later, or choose another node_type_id in the cluster's configuration"


@dataclass(frozen=True)
class ClusterStatus:
    """Where a cluster stands: `state` as Databricks names it, and why it ended, if it did."""

    state: str
    reason: str


def read_cluster_config(file: Path = CLUSTER_CONFIG) -> ClusterSpec:
    """Return the cluster that a JSON file describes, in the words of `clusters/create`.

    Raises:
        JobInputError: it cannot be read, has a field that Databricks does not know, or no end of its own.
    """
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        spec = ClusterSpec.from_dict(given)
        unknown = given.keys() - spec.as_dict().keys()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise JobInputError(str(file), f"no cluster configuration: {error}") from error
    if unknown or not spec.spark_version:
        raise JobInputError(
            str(file), f"spark_version is missing, or unknown: {', '.join(sorted(unknown)) or 'nothing'}"
        )
    if not spec.autotermination_minutes:
        raise JobInputError(str(file), "autotermination_minutes is needed: it ends a cluster that nobody deletes")
    return spec


def create_cluster(workspace: WorkspaceClient, name: str, spec: ClusterSpec | None = None) -> str:
    """Create a cluster and return its id at once; without a node type it gets the smallest one of 8 GB.

    Raises:
        ComputeRefusedError: this user or workspace may have no clusters.
        QuotaExceededError: a limit of the workspace or the cloud is reached.
        WorkspaceError: the configuration is refused, or another cause.
    """
    spec = with_node_type(workspace, spec or read_cluster_config())
    fields = {field: value for field, value in vars(replace(spec, cluster_name=name)).items() if value is not None}
    with step(workspace, "create the cluster"):
        return str(workspace.clusters.create(**fields).bind()["cluster_id"])


def with_node_type(workspace: WorkspaceClient, spec: ClusterSpec) -> ClusterSpec:
    """Return the cluster with a node type: their names differ from cloud to cloud."""
    if spec.node_type_id or spec.instance_pool_id or spec.policy_id:
        return spec
    with step(workspace, "list the cluster node types"):
        try:
            return replace(spec, node_type_id=workspace.clusters.select_node_type(min_memory_gb=LEAST_MEMORY_GB))
        except ValueError:
            raise ComputeRefusedError("create a cluster", f"no node type of {LEAST_MEMORY_GB} GB is offered") from None


def get_cluster_status(workspace: WorkspaceClient, cluster_id: str) -> ClusterStatus:
    """Return a cluster's state: PENDING, RUNNING, RESTARTING, RESIZING, TERMINATING, TERMINATED, ERROR or UNKNOWN.

    Raises:
        WorkspaceError: there is no such cluster, or another cause.
    """
    with step(workspace, f"read the state of cluster {cluster_id}"):
        found = workspace.clusters.get(cluster_id)
    return ClusterStatus((found.state or State.UNKNOWN).value, _reason(found))


def wait_for_cluster(workspace: WorkspaceClient, cluster_id: str, limits: Limits) -> None:
    """Return once the cluster runs.

    Raises:
        ClusterStartError: it ended instead, with Databricks' reason, or did not run within the limit.
        WorkspaceError: its state cannot be read.
    """

    def settled() -> ClusterStatus | None:
        status = get_cluster_status(workspace, cluster_id)
        return status if status.state == State.RUNNING.value or State(status.state) in ENDED else None

    status = poll_until(settled, limits.cluster_start_s, limits.poll_s)
    if status is None:
        cause = f"not RUNNING within {limits.cluster_start_s:g} s"
        raise ClusterStartError(cluster_id, cause, f"allow more with --start-limit, or {A_CAUSE_THAT_PASSES}")
    if status.state != State.RUNNING.value:
        raise ClusterStartError(cluster_id, f"{status.state}: {status.reason}", A_CAUSE_THAT_PASSES)


def delete_cluster(workspace: WorkspaceClient, cluster_id: str, limits: Limits = Limits()) -> None:  # noqa: B008  # frozen
    """Delete a cluster for good, whatever its state; one that is gone already is no error.

    Raises:
        LeftoversError: it could not be deleted in several attempts; the message has its id.
    """
    try:
        with_retries(lambda: _delete(workspace, cluster_id), limits)
    except WorkspaceError as error:
        raise LeftoversError([f"cluster {cluster_id} ({error})"]) from error
    log.info("cluster %s deleted", cluster_id)


def clusters_named(workspace: WorkspaceClient, name: str) -> list[str]:
    """Return the ids of the clusters of this name, such as one whose creation was answered by a cut connection."""
    with step(workspace, f"list the clusters named {name}"):
        found = [cluster for cluster in workspace.clusters.list() if cluster.cluster_name == name]
    return [str(cluster.cluster_id) for cluster in found]


@dataclass
class ClusterRemoval:
    """Deletes every cluster of one name: a creation whose answer was lost may have been repeated."""

    workspace: WorkspaceClient
    name: str
    limits: Limits
    cluster_id: str | None = None
    needed: bool = True  # until the workspace has refused to make one

    def run(self) -> None:
        """Delete the known cluster first, then those found by their name."""
        if not self.needed:
            return
        if self.cluster_id is not None:
            delete_cluster(self.workspace, self.cluster_id, self.limits)
        for cluster_id in clusters_named(self.workspace, self.name):
            if cluster_id != self.cluster_id:
                delete_cluster(self.workspace, cluster_id, self.limits)


def _delete(workspace: WorkspaceClient, cluster_id: str) -> None:
    with step(workspace, f"delete cluster {cluster_id}"):
        try:
            workspace.clusters.permanent_delete(cluster_id)
        except (NotFound, InvalidParameterValue) as error:
            if isinstance(error, InvalidParameterValue) and "does not exist" not in str(error):
                raise
            log.info("cluster %s was gone already", cluster_id)


def _reason(cluster: ClusterDetails) -> str:
    reason = cluster.termination_reason
    if reason is None:
        return cluster.state_message or "no reason given"
    parameters = ", ".join(f"{name}={value}" for name, value in sorted((reason.parameters or {}).items()))
    code = reason.code.value if reason.code else "of no known code"
    return f"{code} ({parameters})" if parameters else code
