"""Running a notebook without a browser: small ones made here, and that of prices on a made-up lake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from analysis.run_notebook import main, run_notebook
from pipeline.errors import NotebookError
from tests.support.fake_presto import table
from tests.support.notebook import check_pictures, notebook_path

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

COVERAGE = {
    "table": "varchar",
    "coin": "varchar",
    "source": "varchar",
    "row_count": "bigint",
    "first_time": "timestamp",
    "last_time": "timestamp",
}
DAILY = {
    "coin": "varchar",
    "day": "date",
    "price_usd": "decimal(38,10)",
    "source": "varchar",
    "held_at": "timestamp",
}
YEARLY = {
    "coin": "varchar",
    "year": "bigint",
    "return_pct": "double",
    "is_partial": "boolean",
    "close": "decimal(38,18)",
    "source": "varchar",
}


def write_notebook(path: Path, **cells: str) -> Path:
    """Write a notebook; each cell's id is its name here, with hyphens."""
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": name.replace("_", "-"),
            "source": code,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name, code in cells.items()
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def closes(coin: str, source: str, days: int) -> list[list[object]]:
    """Return `days` rows of daily prices as Presto sends them."""
    prices = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.001, 0.04, days)))
    dates = pd.date_range("2013-04-28", periods=days).strftime("%Y-%m-%d")
    return [
        [coin, day, f"{price:.10f}", source, f"{day} 23:59:00.000"] for day, price in zip(dates, prices, strict=True)
    ]


@pytest.fixture
def made_up_lake(presto: FakePresto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePresto:
    """A Presto that knows the notebook's statements; the notebook's kernel is pointed at it."""
    monkeypatch.setenv("PRESTO_URL", presto.url)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COINS", "bitcoin,solana")
    presto.answers["UNION ALL"] = table(COVERAGE)
    presto.answers["iceberg.gold.yearly_returns"] = table(YEARLY)
    presto.answers["iceberg.gold.coins"] = table({"coin": "varchar"}, ["bitcoin"], ["solana"])
    presto.answer = table(DAILY)
    return presto


def outputs(executed: list[Path]) -> list[str]:
    return [path.name for path in executed]


def test_each_picture_is_named_after_its_cell(tmp_path: Path) -> None:
    start = "%matplotlib inline\nfrom matplotlib.figure import Figure\nfigure = Figure()\nfigure.add_subplot()"
    notebook = write_notebook(tmp_path / "n.ipynb", no_picture=start, first_one="figure", second="figure")
    before = notebook.read_bytes()
    pictures = run_notebook(notebook, tmp_path / "out")
    assert outputs(pictures) == ["01-first-one.png", "02-second.png"]
    assert imread(pictures[0]).ndim == 3
    assert notebook.read_bytes() == before


def test_nothing_is_printed_beside_the_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(write_notebook(tmp_path / "n.ipynb", one="1")), str(tmp_path / "out")]) == 0
    assert capfd.readouterr().err == ""


def test_a_failing_cell_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", wrong="raise ValueError('no such coin')")
    assert main([str(notebook), str(tmp_path / "out")]) == 1
    assert f"run_notebook: {notebook}: cell wrong: ValueError: no such coin\n" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "{}", "not JSON"])
def test_a_file_that_is_no_notebook_is_told(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NotebookError, match=r"n\.ipynb"):
        run_notebook(path, tmp_path / "out")


def test_the_price_notebook_draws_its_charts(made_up_lake: FakePresto, tmp_path: Path, checkout: Path) -> None:
    rows = [*closes("bitcoin", "csv_coingecko", 800), *closes("solana", "simulator", 500)]
    made_up_lake.answer = table(DAILY, *rows)
    years = [
        ["bitcoin", 2013, 42.5, True, "150", "csv_coingecko"],
        ["bitcoin", 2014, None, False, "9", "csv_coingecko"],
    ]
    made_up_lake.answers["iceberg.gold.yearly_returns"] = table(YEARLY, *years)
    pictures = run_notebook(checkout / notebook_path("bitcoin-presto"), tmp_path / "out")
    check_pictures("bitcoin-presto", pictures, more_colours_than=50)
    assert any("ARRAY['bitcoin','solana']" in statement for statement in made_up_lake.statements)


def test_the_price_notebook_runs_on_an_empty_lake(made_up_lake: FakePresto, tmp_path: Path, checkout: Path) -> None:
    check_pictures("bitcoin-presto", run_notebook(checkout / notebook_path("bitcoin-presto"), tmp_path / "out"))
    assert made_up_lake.statements
