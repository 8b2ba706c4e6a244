"""Run a notebook without a browser and keep its pictures: `python -m analysis.run_notebook NOTEBOOK OUT_DIR`.

The pictures are named after their cells, in order: `01-price-history.png`. The notebook itself is left as it is.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from pipeline.errors import NotebookError

CELL_TIMEOUT_S = 120
PNG = "image/png"


def run_notebook(notebook: Path, out_dir: Path) -> list[Path]:
    """Execute every cell in a fresh kernel, in the notebook's own folder; return the pictures written to `out_dir`.

    Raises:
        NotebookError: the file is no notebook, or a cell failed or took longer than `CELL_TIMEOUT_S`.
    """
    document = _read(notebook)
    client = NotebookClient(
        document,
        timeout=CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(notebook.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # else the kernel warns of plain TCP, on this machine alone
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookError(str(notebook), _failure(document)) from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(str(notebook), str(error)) from error
    out_dir.mkdir(parents=True, exist_ok=True)
    pictures = []
    for number, (cell_id, png) in enumerate(_pictures(document), start=1):
        path = out_dir / f"{number:02d}-{cell_id}.png"
        path.write_bytes(png)
        pictures.append(path)
    return pictures


def main(arguments: list[str] | None = None) -> int:
    """Run the command line: print each picture's path; return 1 when the notebook failed."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis.run_notebook", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out_dir", type=Path)
    options = parser.parse_args(arguments)
    try:
        for path in run_notebook(options.notebook, options.out_dir):
            print(path)  # noqa: T201  # a command line
    except NotebookError as error:
        print(f"run_notebook: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _read(notebook: Path) -> Any:  # noqa: ANN401  # nbformat ships no types
    try:
        return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise NotebookError(str(notebook), str(error)) from error


def _failure(document: Any) -> str:  # noqa: ANN401
    """Name the cell that failed and its error; the traceback, coloured for a browser, stays with the cause."""
    failed = [(cell.id, output) for cell in document.cells for output in cell.get("outputs", [])]
    words = [f"cell {name}: {o.ename}: {o.evalue}" for name, o in failed if o.output_type == "error"]
    return "; ".join(words)


def _pictures(document: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401
    for cell in document.cells:
        for output in cell.get("outputs", []):
            encoded = output.get("data", {}).get(PNG)
            if encoded is not None:
                yield cell.id, base64.b64decode(encoded)


if __name__ == "__main__":
    sys.exit(main())
