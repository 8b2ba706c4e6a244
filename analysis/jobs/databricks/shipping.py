"""Bring a notebook and the modules it imports to a workspace."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.workspace import ImportFormat

from analysis.jobs.databricks.workspace import step
from analysis.jobs.errors import NotFoundError
from analysis.jobs.notebooks import parametrised
from pipeline.settings import CHECKOUT

MODULES = "coinlake_modules.zip"
PACKAGES = Path(__file__).parent.parent / "config" / "packages.txt"
FOLDERS = ("analysis", "pipeline")
# A package that came with the runtime may be in use in its old version until Python starts again.
RESTART = "if 'dbutils' in globals():\n    dbutils.library.restartPython()"


@cache
def modules() -> bytes:
    """Return our own modules as a zip file, which Python imports from."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in FOLDERS:
            for file in sorted((CHECKOUT / folder).rglob("*.py")):
                archive.write(file, file.relative_to(CHECKOUT))
    return packed.getvalue()


def first_cells(modules_at: str, packages: list[str]) -> list[str]:
    """Return the cells that a notebook needs before its own: packages, then our modules.

    `%pip` because serverless notebooks take no other list of packages, and clusters take this one as well.
    """
    install = [f"%pip install --quiet {' '.join(repr(name) for name in packages)}", RESTART] if packages else []
    return [*install, f"import sys\n\nsys.path.insert(0, {modules_at!r})"]


def packages() -> list[str]:
    """Return what a Databricks runtime lacks for our notebooks."""
    return PACKAGES.read_text(encoding="utf-8").split("\n")[:-1]


def workspace_folder(workspace: WorkspaceClient, name: str) -> str:
    """Return a folder of the token's user, for a job's notebook; it is not made here."""
    with step(workspace, "ask whose token this is"):
        user = workspace.current_user.me().user_name
    return f"/Users/{user}/{name}"


def import_notebook(
    workspace: WorkspaceClient, notebook: Path, target: str, parameters: Mapping[str, object], cells: list[str]
) -> None:
    """Put a notebook into the workspace, with its parameters' values and `cells` before its own.

    Raises:
        WorkspaceError: the workspace refuses it.
    """
    content = parametrised(notebook, parameters, first_cells=cells)
    with step(workspace, f"import {notebook.name}"):
        workspace.workspace.mkdirs(target.rpartition("/")[0])
        # Not `upload`: the SDK repeats no call of several parts.
        encoded = base64.b64encode(content).decode()
        workspace.workspace.import_(target, content=encoded, format=ImportFormat.JUPYTER, overwrite=True)


def remove_workspace_folder(workspace: WorkspaceClient, folder: str) -> None:
    """Delete a job's folder in the workspace; its run's page keeps a copy of the notebook."""
    with suppress(NotFoundError), step(workspace, f"delete {folder}"):
        workspace.workspace.delete(folder, recursive=True)
