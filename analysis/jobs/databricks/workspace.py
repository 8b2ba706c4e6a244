"""Talk to one Databricks workspace: the client, its time limits, and what its errors mean for us."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.clock import Clock
from databricks.sdk.config import Config
from databricks.sdk.errors import platform
from databricks.sdk.errors.base import DatabricksError

from analysis.jobs.errors import (
    ComputeRefusedError,
    NotFoundError,
    QuotaExceededError,
    TokenRefusedError,
    WorkspaceError,
    WorkspaceUnreachableError,
)
from pipeline.errors import SettingsError
from pipeline.settings.databricks import DatabricksSettings

log = logging.getLogger(__name__)
T = TypeVar("T")
A_USELESS_TOKEN = re.compile(
    r"(invalid|expired) (access )?token|token (is|has|was) (been )?(expired|revoked|invalid)", re.IGNORECASE
)
A_LIMIT = re.compile(r"quota|limit.{0,20}(exceeded|reached)|exceed.{0,40}limit|too many", re.IGNORECASE)
NOT_ALLOWED = {"PERMISSION_DENIED", "FEATURE_DISABLED", "UNSUPPORTED_OPERATION"}
OUR_OWN_CONFIGURATION = re.compile(r"\. Config: .*", re.DOTALL)  # the SDK ends a refusal with it
KINDS: tuple[tuple[type[DatabricksError], type[WorkspaceError]], ...] = (
    (platform.Unauthenticated, TokenRefusedError),
    (platform.TooManyRequests, QuotaExceededError),
    (platform.NotFound, NotFoundError),
    (platform.InternalError, WorkspaceUnreachableError),
    (platform.TemporarilyUnavailable, WorkspaceUnreachableError),
    (platform.DeadlineExceeded, WorkspaceUnreachableError),
)
TOLERATED_FAILURES = 5  # polls in a row that may fail before a wait is given up


@dataclass(frozen=True)
class Limits:
    """How often to look and how long to wait, in seconds."""

    poll_s: float = 10
    cluster_start_s: float = 1200
    run_s: int = 3600
    request_s: float = 60  # of one request, until the server says something
    retry_s: int = 120  # of one call with all its repetitions: cut connections, 429 and 503
    deletions: int = 5  # attempts ...
    deletion_s: float = 180  # ... of which none begins later than this after the first


def connect(settings: DatabricksSettings, limits: Limits = Limits(), clock: Clock | None = None) -> WorkspaceClient:
    """Return a client of the workspace that the settings name; `clock` is what the SDK's pauses are measured by.

    Raises:
        SettingsError: the workspace's address or the token is not set.
    """
    if not settings.host:
        raise SettingsError("DATABRICKS_HOST", "", "the workspace's address, to run a job there")
    if not settings.token:
        raise SettingsError("DATABRICKS_TOKEN", "", "a token, itself or in the file that DATABRICKS_TOKEN_FILE names")
    config = Config(
        host=settings.host,
        token=settings.token.reveal(),
        auth_type="pat",  # so that no other credentials of this machine are tried
        debug_headers=False,  # they hold the token
        http_timeout_seconds=limits.request_s,
        retry_timeout_seconds=limits.retry_s,
        disable_experimental_files_api_client=True,  # it asks for signed addresses of cloud storage first
        clock=clock,
    )
    return WorkspaceClient(config=config)


@contextmanager
def step(workspace: WorkspaceClient, name: str) -> Iterator[None]:
    """Turn what the SDK raises in a step, such as "start the run", into an error of ours.

    The chain of causes ends here, and the token is cut out: an answer of a proxy may quote the request.

    Raises:
        WorkspaceError: or one of its subclasses.
    """
    try:
        yield
    except (DatabricksError, TimeoutError, requests.RequestException) as error:
        kind, cause = _classify(error)
        token = str(workspace.config.token)
        raise kind(name, OUR_OWN_CONFIGURATION.sub("", cause).replace(token, "***")) from None


def poll_until(look: Callable[[], T | None], seconds: float, pause_s: float) -> T | None:
    """Call `look` until it returns something, and return that; None when `seconds` have passed.

    A single look may meet a server that restarts: only `TOLERATED_FAILURES` failures in a row end the wait.

    Raises:
        WorkspaceUnreachableError: so many looks in a row got no answer.
    """
    deadline = time.monotonic() + seconds
    failures = 0
    while True:
        try:
            found = look()
            failures = 0
        except WorkspaceUnreachableError:
            failures += 1
            if failures == TOLERATED_FAILURES:
                raise
            found = None
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(pause_s)


def with_retries(do: Callable[[], T], limits: Limits) -> T:
    """Call `do` until it raises no `WorkspaceError`, as often and as long as deletions are tried.

    Raises:
        WorkspaceError: that of the last attempt.
    """
    start = time.monotonic()
    for attempt in range(1, limits.deletions + 1):
        try:
            return do()
        except WorkspaceError as error:
            if attempt == limits.deletions or time.monotonic() - start > limits.deletion_s:
                raise
            log.warning("attempt %d of %d: %s", attempt, limits.deletions, error)
        time.sleep(limits.poll_s)
    raise ValueError("no attempt is allowed")


def _classify(error: Exception) -> tuple[type[WorkspaceError], str]:
    """Tell what a failure means; the SDK wraps one that it retried in vain in a `TimeoutError`."""
    last = error.__cause__ if isinstance(error, TimeoutError) and isinstance(error.__cause__, Exception) else error
    text = " ".join(str(last).split()) or type(last).__name__
    return (_kind(last, text) if isinstance(last, DatabricksError) else WorkspaceUnreachableError), text


def _kind(error: DatabricksError, text: str) -> type[WorkspaceError]:
    code = error.error_code or ""
    if A_USELESS_TOKEN.search(text):  # comes as a 403, too
        return TokenRefusedError
    if "QUOTA" in code or A_LIMIT.search(text):
        return QuotaExceededError
    if isinstance(error, platform.PermissionDenied | platform.NotImplemented) or code in NOT_ALLOWED:
        return ComputeRefusedError if "cluster" in text.lower() or code == "FEATURE_DISABLED" else WorkspaceError
    return next((kind for answer, kind in KINDS if isinstance(error, answer)), WorkspaceError)
