"""What may import what: between folders imports run down only, and the system's Python needs no package."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import Repository

# From the ground up: a folder may import from those before it, and from itself.
LAYERS = (
    "pipeline",  # settings, errors, clients of our own HTTP services
    "pipeline/events",
    "pipeline/tables",
    "pipeline/host",
    "pipeline/kafka",
    "pipeline/engines",
    "pipeline/spark",
    "pipeline/ingest",
    "pipeline/serving",
    "pipeline/stream",
    "pipeline/health",
    "pipeline/verbs",
    "analysis",
    "monitor",
    "bench",
    "proof",
)
# Of the lake, from raw to computed; `pipeline/stream/streams` and the modules beside it write several of them.
LAKE_LAYERS = ("bronze", "silver", "gold", "ops")
SYSTEM_PYTHON = ("pipeline.host", "pipeline.settings", "pipeline.errors")


def folder_of(parts: tuple[str, ...]) -> str:
    """Return the layer that a module of these path parts belongs to."""
    two = "/".join(parts[:2])
    return two if two in LAYERS else parts[0]


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, at its top or within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_between_folders_run_down(repository: Repository) -> None:
    up = []
    for path in repository.files(".py"):
        name = repository.name(path)
        if name.partition("/")[0] not in {"pipeline", "analysis", "monitor", "bench", "proof"}:
            continue
        here = LAYERS.index(folder_of(Path(name).parent.parts))
        for dotted in imported(path):
            if dotted.partition(".")[0] not in {"pipeline", "analysis", "monitor", "bench", "proof", "tests"}:
                continue
            there = folder_of(tuple(dotted.split(".")))
            if there not in LAYERS or LAYERS.index(there) > here:
                up.append(f"{name} imports {dotted}")
    assert up == []


def test_a_lake_layer_imports_no_later_one(repository: Repository) -> None:
    late = []
    for path in repository.files(".py"):
        name = repository.name(path)
        parts = Path(name).parts
        if parts[:2] != ("pipeline", "stream") or parts[2] not in LAKE_LAYERS:
            continue
        earlier = LAKE_LAYERS[: LAKE_LAYERS.index(parts[2]) + 1]
        own = (dotted for dotted in imported(path) if dotted.startswith("pipeline.stream."))
        late += [f"{name} imports {dotted}" for dotted in own if dotted.split(".")[2] not in earlier]
    assert late == []


@pytest.mark.parametrize("package", SYSTEM_PYTHON)
def test_the_systems_python_needs_no_package(checkout: Path, package: str) -> None:
    # A Python without site-packages, as on a bare machine: everything below the package must still import.
    code = (
        "import importlib, pkgutil, sys\n"
        "module = importlib.import_module(sys.argv[1])\n"
        "for found in pkgutil.walk_packages(getattr(module, '__path__', []), sys.argv[1] + '.'):\n"
        "    importlib.import_module(found.name)\n"
    )
    command = [sys.executable, "-S", "-c", code, package]
    done = subprocess.run(command, cwd=checkout, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
