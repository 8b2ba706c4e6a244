"""The user's copies of the notebooks that ship: JupyterLab works on these, so that the checkout stays as it is.

A copy whose cells nobody changed is replaced when the shipped notebook has changed; one that was changed is kept, and
the new notebook is laid beside it. A notebook that no longer ships, or does so under another name, loses its
unchanged copy. Outputs do not count as changes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.settings import CHECKOUT

SHIPPED = CHECKOUT / "analysis" / "notebooks"
ORIGINALS = ".shipped"  # a folder beside the copies: what each was made from


def refresh(shipped: Path, copies: Path) -> Iterator[str]:
    """Bring the copies up to date with the folder of shipped notebooks; yield a line for each file that changed."""
    originals = copies / ORIGINALS
    originals.mkdir(parents=True, exist_ok=True)
    for source in sorted(shipped.glob("*.ipynb")):
        original, copy = originals / source.name, copies / source.name
        if copy.exists() and original.exists() and original.read_bytes() == source.read_bytes():
            continue
        known = original if original.exists() else source
        if not copy.exists() or _cells(copy) in {_cells(known), _cells(source)}:
            shutil.copyfile(source, copy)
            yield f"{copy} is the notebook as it ships"
        else:
            beside = copy.with_name(f"{copy.stem}-{_short_hash(source)}.ipynb")
            shutil.copyfile(source, beside)
            yield f"{copy} was changed by you and stays; the notebook as it ships now is {beside.name}"
        shutil.copyfile(source, original)
    yield from _retire(shipped, copies)


def _retire(shipped: Path, copies: Path) -> Iterator[str]:
    """Remove the unchanged copies of notebooks that no longer ship; the user's own have no original."""
    for original in sorted((copies / ORIGINALS).glob("*.ipynb")):
        copy = copies / original.name
        if (shipped / original.name).exists():
            continue
        if copy.exists() and _cells(copy) == _cells(original):
            copy.unlink()
            yield f"{copy} no longer ships and is removed"
        elif copy.exists():
            yield f"{copy} no longer ships, but was changed by you and stays"
        original.unlink()


def _cells(notebook: Path) -> str | None:
    """Return what a person writes in a notebook, None where it cannot be read: then it is like no other."""
    try:
        document: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
        return json.dumps([(cell["cell_type"], "".join(cell["source"])) for cell in document["cells"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _short_hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
