"""The user's copies of the notebooks: refreshed while unchanged, kept once somebody has edited them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.engines.notebook_copies import refresh


def write(file: Path, *sources: str, outputs: bool = False) -> None:
    cells = [{"cell_type": "code", "source": [text], "outputs": [{"text": "1"}] if outputs else []} for text in sources]
    file.write_text(json.dumps({"cells": cells}))


def sources(file: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    write(folder / "prices.ipynb", "old")
    return folder


@pytest.fixture
def copies(tmp_path: Path, shipped: Path) -> Path:
    """The copies after a first start."""
    folder = tmp_path / "home" / "notebooks"
    assert len(list(refresh(shipped, folder))) == 1
    return folder


def test_a_second_start_leaves_everything_alone(shipped: Path, copies: Path) -> None:
    write(copies / "prices.ipynb", "mine")
    assert list(refresh(shipped, copies)) == []
    assert sources(copies / "prices.ipynb") == ["mine"]


def test_a_copy_that_was_only_run_follows_the_shipped_one(shipped: Path, copies: Path) -> None:
    write(copies / "prices.ipynb", "old", outputs=True)
    write(shipped / "prices.ipynb", "new")
    list(refresh(shipped, copies))
    assert sources(copies / "prices.ipynb") == ["new"]


def test_an_edited_copy_stays_and_the_new_one_is_laid_beside_it(shipped: Path, copies: Path) -> None:
    write(copies / "prices.ipynb", "old", "mine")
    write(shipped / "prices.ipynb", "new")
    (told,) = refresh(shipped, copies)
    assert sources(copies / "prices.ipynb") == ["old", "mine"]
    (beside,) = copies.glob("prices-*.ipynb")
    assert sources(beside) == ["new"]
    assert beside.name in told
    write(beside, "new", "mine, too")
    assert list(refresh(shipped, copies)) == []
    assert sources(beside) == ["new", "mine, too"]


def test_a_copy_that_cannot_be_read_is_kept(shipped: Path, copies: Path) -> None:
    (copies / "prices.ipynb").write_text("{")
    write(shipped / "prices.ipynb", "new")
    list(refresh(shipped, copies))
    assert (copies / "prices.ipynb").read_text() == "{"


@pytest.mark.parametrize("outputs", [False, True])
def test_a_renamed_notebook_takes_its_unchanged_copy_along(shipped: Path, copies: Path, outputs: bool) -> None:
    write(copies / "prices.ipynb", "old", outputs=outputs)
    (shipped / "prices.ipynb").rename(shipped / "renamed.ipynb")
    new, removed = refresh(shipped, copies)
    assert [path.name for path in copies.glob("*.ipynb")] == ["renamed.ipynb"]
    assert ("renamed.ipynb" in new, "prices.ipynb no longer ships" in removed) == (True, True)
    assert list(refresh(shipped, copies)) == []


@pytest.mark.parametrize("content", [None, "{"])
def test_an_edited_copy_of_a_renamed_notebook_stays(shipped: Path, copies: Path, content: str | None) -> None:
    write(copies / "prices.ipynb", "old", "mine")
    if content is not None:
        (copies / "prices.ipynb").write_text(content)
    before = (copies / "prices.ipynb").read_text()
    (shipped / "prices.ipynb").rename(shipped / "renamed.ipynb")
    _, kept = refresh(shipped, copies)
    assert "was changed by you and stays" in kept
    assert list(refresh(shipped, copies)) == []
    assert (copies / "prices.ipynb").read_text() == before


def test_an_own_notebook_is_never_removed(shipped: Path, copies: Path) -> None:
    write(copies / "own.ipynb", "old")
    assert list(refresh(shipped, copies)) == []
    assert sources(copies / "own.ipynb") == ["old"]


def test_a_deleted_copy_comes_back_and_own_notebooks_stay(shipped: Path, copies: Path) -> None:
    write(copies / "own.ipynb", "mine")
    (copies / "prices.ipynb").unlink()
    list(refresh(shipped, copies))
    assert sources(copies / "prices.ipynb") == ["old"]
    assert sources(copies / "own.ipynb") == ["mine"]
