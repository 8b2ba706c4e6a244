"""What may not be in the repository, and what must be complete."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

from tests.support.repository import Repository

# Written so that no pattern finds itself.
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:wor[k]|roo[t])/")
# Docker's registry, not Debian's package of the engine, which has the same name.
IMAGE_HOST = r"\w\.docke[r]\.io|docke[r]\.io/"
REGISTRY_HOST = re.compile(rf"py[p]i\.org|python[h]osted\.org|repo[0-9]*\.mave[n]\.|registry\.np[m]js|{IMAGE_HOST}")
MAX_FILE_BYTES = 400_000
NOT_TEXT = {".png", ".jpg", ".ico", ".woff2", ".parquet", ".gz", ".zst"}


def found(pattern: re.Pattern[str], repository: Repository) -> list[str]:
    """Return each `file:line: text` of the repository that a pattern matches."""
    hits = []
    for path in repository.files():
        text = "" if path.suffix in NOT_TEXT else path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                hits.append(f"{repository.name(path)}:{number}: {line.strip()[:120]}")
    return hits


def test_no_path_of_one_machine(repository: Repository) -> None:
    assert found(MACHINE_PATH, repository) == []


def test_each_statement_that_is_put_together_says_why_that_is_safe(repository: Repository) -> None:
    assert found(re.compile(r"noqa: S608$"), repository) == []


def test_no_package_registry_is_named(repository: Repository) -> None:
    assert found(REGISTRY_HOST, repository) == []


def test_no_large_file(repository: Repository) -> None:
    sizes = {repository.name(path): path.stat().st_size for path in repository.files()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_BYTES} == {}


def test_no_real_data_was_copied_in(repository: Repository, shared_data: Path) -> None:
    real = {path.name for path in shared_data.rglob("*") if path.is_file()} - {"README.md"}
    assert [repository.name(path) for path in repository.files() if path.name in real] == []


def test_notebooks_hold_no_output(repository: Repository) -> None:
    dirty = []
    for path in repository.files(".ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        kept = [cell.get("id") for cell in cells if cell.get("outputs") or cell.get("execution_count")]
        dirty += [f"{repository.name(path)}: cell {name}" for name in kept]
    assert dirty == []


def locked(path: Path) -> set[str]:
    """Return the names of the packages that a lock file pins."""
    return {match[1] for match in re.finditer(r"^([a-z0-9._-]+)==\S+", path.read_text(encoding="utf-8"), re.MULTILINE)}


def test_lock_files_hold_every_dependency(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    dev = {re.split(r"[^\w-]", line)[0] for line in project["optional-dependencies"]["dev"]}
    assert runtime - locked(checkout / "requirements.lock") == set()
    assert (runtime | dev) - locked(checkout / "requirements-dev.lock") == set()


def test_lock_files_agree_on_versions(checkout: Path) -> None:
    pins = [
        set(re.findall(r"^[a-z0-9._-]+==[^\s;\\]+", (checkout / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0] - pins[1] == set()


def test_state_and_caches_are_ignored(checkout: Path) -> None:
    names = [
        ".coinlake/x",
        "a/__pycache__/x",
        ".mypy_cache/x",
        ".pytest_cache/x",
        "spark-warehouse/x",
        "metastore_db/x",
    ]
    ignored = subprocess.run(["git", "check-ignore", *names], cwd=checkout, check=False, capture_output=True, text=True)
    assert ignored.stdout.split() == names
