"""The soak's figures: what is counted, and how growth shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import soak
from bench.soak_sample import edit_log, folder_sizes
from pipeline.settings import load_settings


def test_data_folders_and_logs_are_measured(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    for name, size in (("data/kafka/a/1.log", 3_000_000), ("data/kafka/b.log", 500_000), ("logs/kafka.log", 10_000)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    (tmp_path / "data" / "lock").touch()
    assert folder_sizes(settings) == {
        "folder data/kafka MB": 3.5,
        "folder data/kafka files": 2,
        "folder logs MB": 0.01,
        "folder logs files": 1,
    }


def test_the_edit_log_is_told_from_images_and_their_sums(tmp_path: Path) -> None:
    sizes = {"edits_1-9": 1_000_000, "edits_inprogress_10": 500_000, "fsimage_9": 2_000_000, "fsimage_9.md5": 9}
    for name, size in {**sizes, "VERSION": 7}.items():
        (tmp_path / name).write_bytes(bytes(size))
    assert edit_log(tmp_path) == {"namenode edits files": 2, "namenode edits MB": 1.5, "namenode image MB": 2.0}


def test_growth_is_the_second_halfs(tmp_path: Path) -> None:
    samples = [{"hours": n / 2, "grows": 10.0 * n, "bounded": min(n, 4) * 100.0} for n in range(9)]
    assert soak.growth(samples, "grows") == pytest.approx(20)
    assert soak.growth(samples, "bounded") == pytest.approx(0)
    path = tmp_path / "results" / "soak-1.json"
    soak.keep(path, samples, {"down_s": 12.25})
    kept = json.loads(path.read_text())
    assert (kept["samples"], kept["restart"]) == (samples, {"down_s": 12.25})
    lines = path.with_suffix(".md").read_text().splitlines()
    assert lines[0] == "4.00 hours, 9 samples"
    assert "down_s: 12.2 s" in lines
    assert "| grows | 0 | 80 | 80 | 20 |" in lines


def test_a_service_that_came_later_has_figures_from_then_on() -> None:
    samples = [{"hours": 0.0}, {"hours": 1.0, "memory": 5.0}]
    assert soak.growth(samples, "memory") == 0
    assert "| memory | 5 | 5 | 5 | 0 |" in soak.table(samples, {})
