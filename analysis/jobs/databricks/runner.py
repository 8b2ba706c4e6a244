"""Run a job on Databricks, and leave nothing there."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.compute import ClusterSpec

from analysis.jobs.databricks import clusters, runs, shipping, storage
from analysis.jobs.databricks.cleanup import Cleanup, cleaning_up
from analysis.jobs.databricks.workspace import Limits
from analysis.jobs.errors import ComputeRefusedError, JobInputError
from analysis.jobs.job import OUTPUT, OUTPUT_NAME, PRICES, Job
from analysis.jobs.notebooks import check_notebook
from analysis.jobs.outputs import BESIDE, delivered
from analysis.jobs.price_file import read_prices

log = logging.getLogger(__name__)
AUTO, CLUSTER, RUN, SERVERLESS = COMPUTE = ("auto", "cluster", "run", "serverless")
PRICE_NAME = "prices.csv"


@dataclass(frozen=True)
class DatabricksRunner:
    """Runs the notebook as a one-time run of a workspace.

    `compute` is one of `COMPUTE`: a cluster made and deleted here, one that belongs to the run, serverless, or auto:
    a cluster, and serverless where clusters are refused. `volume` is as in `DatabricksSettings`.
    """

    workspace: WorkspaceClient
    volume: str = ""
    compute: str = AUTO
    cluster_config: Path = clusters.CLUSTER_CONFIG
    limits: Limits = field(default_factory=Limits)
    packages: list[str] = field(default_factory=shipping.packages)

    def run(self, job: Job) -> Path:
        """Run the job; errors are those of `Runner.run`.

        What costs nothing comes first: the cluster is made when everything that it needs is in place.
        """
        check_notebook(job)
        read_prices(job.price_file)
        spec = clusters.read_cluster_config(self.cluster_config)
        name = f"coinlake-{uuid.uuid4().hex[:12]}"
        with delivered(job) as output, cleaning_up(self.limits) as cleanup:
            folder = f"{storage.find_folder(self.workspace, self.volume)}/{name}"
            notebook = self._bring(job, name, folder, cleanup)
            compute = self._compute(name, spec, cleanup)
            if compute is None and folder.startswith(storage.DBFS):
                raise JobInputError("DATABRICKS_VOLUME", "serverless notebooks see no DBFS; name a volume")
            submission = runs.Submission(notebook, compute, name, job.parameters, self.limits.run_s)
            self._await(submission, cleanup)
            self._download(folder, output)
        log.info("forecast in %s", job.output_file)
        return job.output_file

    def _bring(self, job: Job, name: str, folder: str, cleanup: Cleanup) -> str:
        """Upload prices, modules and notebook; return the notebook's path in the workspace."""
        log.info("uploading prices and notebook to %s", folder)
        cleanup.add(f"files in {folder}", lambda: storage.remove_files(self.workspace, folder))
        storage.upload_to_dbfs(self.workspace, job.price_file, f"{folder}/{PRICE_NAME}")
        storage.upload_to_dbfs(self.workspace, shipping.modules(), f"{folder}/{shipping.MODULES}")
        home = shipping.workspace_folder(self.workspace, name)
        cleanup.add(f"notebook in {home}", lambda: shipping.remove_workspace_folder(self.workspace, home))
        seen_at = storage.mounted(folder)
        files = {PRICES: f"{seen_at}/{PRICE_NAME}", OUTPUT: f"{seen_at}/{OUTPUT_NAME}"}
        cells = shipping.first_cells(f"{seen_at}/{shipping.MODULES}", self.packages)
        notebook = f"{home}/{job.notebook.stem}"
        shipping.import_notebook(self.workspace, job.notebook, notebook, {**job.parameters, **files}, cells)
        return notebook

    def _download(self, folder: str, output: Path) -> None:
        storage.download_from_dbfs(self.workspace, f"{folder}/{OUTPUT_NAME}", output / OUTPUT_NAME)
        beside = [name for name in storage.list_names(self.workspace, folder) if name.startswith(BESIDE)]
        for name in sorted({*beside} - {OUTPUT_NAME}):
            storage.download_from_dbfs(self.workspace, f"{folder}/{name}", output / name)
        log.info("downloaded %s", ", ".join({OUTPUT_NAME, *beside}))

    def _compute(self, name: str, spec: ClusterSpec, cleanup: Cleanup) -> runs.Compute:
        if self.compute == RUN:
            return clusters.with_node_type(self.workspace, spec)
        if self.compute == SERVERLESS:
            return None
        try:
            return self._running_cluster(name, spec, cleanup)
        except ComputeRefusedError as refusal:
            if self.compute != AUTO:
                raise
            log.warning("%s", refusal)
            log.warning("continuing serverless")
            return None

    def _running_cluster(self, name: str, spec: ClusterSpec, cleanup: Cleanup) -> str:
        removal = clusters.ClusterRemoval(self.workspace, name, self.limits)
        cleanup.add(f"clusters named {name}", removal.run)
        try:
            cluster_id = removal.cluster_id = clusters.create_cluster(self.workspace, name, spec)
        except ComputeRefusedError:
            removal.needed = False
            raise
        log.info("cluster %s is starting; left alone it ends after %s min", cluster_id, spec.autotermination_minutes)
        clusters.wait_for_cluster(self.workspace, cluster_id, self.limits)
        log.info("cluster %s is RUNNING", cluster_id)
        return cluster_id

    def _await(self, submission: runs.Submission, cleanup: Cleanup) -> None:
        removal = runs.RunRemoval(self.workspace, submission.name, self.limits)
        cleanup.add(f"run {submission.name}", removal.run)
        run_id = removal.run_id = runs.submit_notebook_run(self.workspace, submission)
        log.info("run %d submitted; it may take %d s", run_id, submission.limit_s)
        runs.wait_for_run(self.workspace, run_id, self.limits)
        removal.needed = False
