"""A job's notebook before it runs: which parameters it takes, and a copy that has their values."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from analysis.jobs.errors import JobInputError
from analysis.jobs.job import OUTPUT, PRICES, Job

TAG = "parameters"
LANGUAGE = {"kernel_name": "python3", "language": "python"}


def check_notebook(job: Job) -> None:
    """Check that the notebook can be read and takes all parameters of the job.

    Raises:
        JobInputError: it cannot, or does not; the message names the parameters that it takes.
    """
    taken = _taken(_read(job.notebook), job.notebook)
    for name in (*job.parameters, PRICES, OUTPUT):
        if name not in taken:
            known = ", ".join(sorted(taken)) or "none"
            raise JobInputError(str(job.notebook), f"it takes no parameter {name!r}; it takes {known}")


def parametrised(notebook: Path, parameters: Mapping[str, object], *, first_cells: list[str]) -> bytes:
    """Return the notebook as JSON, with code cells before all others and the values behind its `parameters` cell.

    Databricks hands a run's parameters to widgets, which would tie the notebook to it: so the values are written into
    the copy, as papermill does.
    """
    document = parameterize_notebook(load_notebook_node(str(notebook)), dict(parameters), **LANGUAGE)
    document.cells[:0] = [nbformat.v4.new_code_cell(source) for source in first_cells]  # type: ignore[no-untyped-call]
    text: str = nbformat.writes(document)  # type: ignore[no-untyped-call]
    return text.encode()


def _read(notebook: Path) -> Any:  # noqa: ANN401  # nbformat ships no types
    try:
        return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, UnicodeDecodeError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise JobInputError(str(notebook), f"no notebook that can be read: {error}") from error


def _taken(document: Any, notebook: Path) -> set[str]:  # noqa: ANN401
    """Return the names that the `parameters` cell assigns."""
    cells = [cell.source for cell in document.cells if TAG in cell.metadata.get("tags", [])]
    if not cells:
        raise JobInputError(str(notebook), f"it has no cell tagged {TAG!r}")
    try:
        statements = ast.parse(cells[0]).body
    except SyntaxError as error:
        raise JobInputError(str(notebook), f"its {TAG!r} cell is not plain Python: {error}") from error
    targets = [target for one in statements if isinstance(one, ast.Assign) for target in one.targets]
    targets += [one.target for one in statements if isinstance(one, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
