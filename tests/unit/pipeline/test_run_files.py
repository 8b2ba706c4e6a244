from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.run_files import Beat, Choice, Markets


def test_a_beat_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert Beat.read(tmp_path / "run", "spark") is None
    Beat.now({"batches": {"trades": {"batch": 7}}}).write(tmp_path / "run", "spark")
    found = Beat.read(tmp_path / "run", "spark")
    assert found is not None
    assert (found.pid, found.figures) == (os.getpid(), {"batches": {"trades": {"batch": 7}}})
    assert 0 <= found.age_s < 10
    content = json.loads((tmp_path / "run" / "spark.json").read_text())
    assert set(content) == {"pid", "time", "batches"}
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["spark.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x", "time": 1}', '{"pid": 1}'])
def test_a_file_that_makes_no_sense_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "trades.json").write_text(content)
    (tmp_path / "market.json").write_text(content)
    assert Beat.read(tmp_path, "trades") is None
    assert Markets.read(tmp_path) is None


def test_markets_are_read_as_they_were_written(tmp_path: Path) -> None:
    markets = Markets(Choice("live", "auto", "it answers"), Choice("simulator", "auto", "no route"))
    markets.write(tmp_path)
    assert Markets.read(tmp_path) == markets
