"""The producer's files: whole or not there, few, and with a history."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from analysis.pyspark_api import price_files
from analysis.pyspark_api.price_files import PriceFiles

RECORD = {"coin": "bitcoin", "timestamp": datetime(2026, 1, 15, tzinfo=UTC), "price_usd": Decimal("64000.5")}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def files(tmp_path: Path):
    made = PriceFiles(tmp_path / "in", keep=3)
    yield made
    made.close()


def test_a_file_has_a_record_a_line(files: PriceFiles) -> None:
    path = files.write([RECORD, {"coin": None}])
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [
        {"coin": "bitcoin", "timestamp": "2026-01-15T00:00:00+00:00", "price_usd": 64000.5},
        {"coin": None},
    ]
    assert names(files.folder) == ["_history.log", path.name]


def test_a_file_gets_its_name_once_it_is_whole(files: PriceFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, str]] = []

    def replace(draft: Path, target: Path) -> Path:
        seen.append((draft.name.startswith("."), draft.read_text(encoding="utf-8")))
        assert not target.exists()
        os.replace(draft, target)  # noqa: PTH105  # what is replaced here is Path's own
        return target

    monkeypatch.setattr(Path, "replace", replace)
    path = files.write([{"coin": "bitcoin"}])
    assert seen == [(True, '{"coin": "bitcoin"}\n')]
    assert path.exists()


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), (Decimal("Infinity"), ValueError), ({1}, TypeError)]
)
def test_what_cannot_be_json_leaves_no_file(files: PriceFiles, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        files.write([{"price_usd": value}])
    assert names(files.folder) == ["_history.log"]


def test_the_newest_files_stay_and_others_files_too(files: PriceFiles) -> None:
    (files.folder / "mine.json").write_text("{}")
    written = [files.write([{"n": n}]).name for n in range(5)]
    assert names(files.folder) == ["_history.log", "mine.json", *written[-3:]]


def test_the_history_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_files, "HISTORY_BYTES", 200)
    files = PriceFiles(tmp_path, keep=1)
    for number in range(50):
        files.note(f"failed: {number}")
    files.close()
    assert names(tmp_path) == ["_history.log", "_history.log.1"]
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())
    assert (tmp_path / "_history.log").read_text(encoding="utf-8").endswith("Z failed: 49\n")


def test_the_draft_of_a_killed_process_is_deleted(tmp_path: Path) -> None:
    old, new = tmp_path / ".1.draft", tmp_path / ".2.draft"
    for draft in (old, new):
        draft.write_text("{")
    os.utime(old, (0, 0))
    PriceFiles(tmp_path, keep=1).close()
    assert names(tmp_path) == [".2.draft", "_history.log"]
