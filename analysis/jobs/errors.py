"""The leaves of `JobError`, in the tree that `pipeline/errors.py` draws."""

from __future__ import annotations

from pipeline.errors import JobError


class JobInputError(JobError):
    """A job's notebook, parameter or file cannot be used."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(f"{what}: {fault}")


class JobOutputError(JobError):
    """The forecast is missing or incomplete; no file is left under its name."""

    def __init__(self, file: str, fault: str) -> None:
        super().__init__(f"{file} is not complete: {fault}. Nothing is kept of it; run the job again")


class ClusterStartError(JobError):
    """A cluster did not reach RUNNING."""

    def __init__(self, cluster: str, cause: str, remedy: str) -> None:
        super().__init__(f"cluster {cluster} did not start: {cause}; {remedy}")


class RunFailedError(JobError):
    """A run on Databricks ended without success."""

    def __init__(self, state: str, cause: str, page: str) -> None:
        super().__init__(f"the run ended as {state}: {cause}\nIts page: {page}")
        self.state = state


class LeftoversError(JobError):
    """What a job made on Databricks could not be deleted; a person must do it."""

    def __init__(self, things: list[str], before: str = "") -> None:
        what = "; ".join(things)
        also = f"\nThe job itself had failed before: {before}" if before else ""
        super().__init__(f"STILL ON DATABRICKS, delete it yourself: {what}{also}")
        self.things = things


class WorkspaceError(JobError):
    """Databricks refused a step."""

    remedy = "docs/jobs.md lists errors and remedies"

    def __init__(self, step: str, cause: str) -> None:
        super().__init__(f"Databricks: cannot {step}: {cause.rstrip('.')}; {self.remedy}")


class NotFoundError(WorkspaceError):
    """What a step is about does not exist."""


class TokenRefusedError(WorkspaceError):
    """The token is wrong or has expired."""

    remedy = "put a valid token of this workspace into DATABRICKS_TOKEN or the file DATABRICKS_TOKEN_FILE"


class ComputeRefusedError(WorkspaceError):
    """This user or workspace may have no clusters."""

    remedy = "use --compute serverless, or ask an administrator for the right to create clusters"


class QuotaExceededError(WorkspaceError):
    """A limit on clusters, runs or calls is reached; a later call may succeed."""

    remedy = "wait until other clusters or runs have ended, or have the limit raised"


class WorkspaceUnreachableError(WorkspaceError):
    """Databricks does not answer; a later call may succeed."""

    remedy = "check DATABRICKS_HOST and the network, then run the job again"
