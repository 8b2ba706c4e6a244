"""The price notebook, its module and the real CLI, on the running lake."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
import pytest
from matplotlib.image import imread

from analysis.lake import connect
from analysis.prices import daily_series
from tests.support.notebook import CHARTS
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

NOTEBOOK = "analysis/notebooks/coin_prices.ipynb"
NOTEBOOK_S = 300
DISTINCT_COLOURS = 100  # an empty chart has about 60: the greys of its letters
FROM_FILES = "coin = 'bitcoin' AND source = 'csv_coingecko'"


def test_the_notebook_draws_every_chart(stack: Stack, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analysis.run_notebook", NOTEBOOK, str(tmp_path)]
    done = subprocess.run(
        command, cwd=stack.root, env=dict(stack.env), timeout=NOTEBOOK_S, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pictures = {Path(line).name: imread(line) for line in done.stdout.splitlines()}
    assert list(pictures) == CHARTS
    for name, picture in pictures.items():
        height, width, depth = picture.shape
        assert min(height, width) >= 250, name
        assert len(np.unique(picture.reshape(-1, depth), axis=0)) > DISTINCT_COLOURS, name


def test_daily_closes_equal_the_file_and_the_table(stack: Stack, history_file: Path) -> None:
    closes = connect(stack.settings).daily_closes(["bitcoin"], exact=True)
    from_file = closes[closes["source"] == "csv_coingecko"].set_index("day")["price_usd"]
    first = history_file.read_text(encoding="utf-8").splitlines()[1].split(",")
    ((days,),) = stack.presto(
        f"SELECT count(DISTINCT CAST(event_time AS date)) FROM silver.coin_prices WHERE {FROM_FILES}"
    )
    assert from_file.iloc[0] == Decimal(first[1])
    assert len(from_file) == days


def test_simulated_prices_stay_out_of_the_real_series(stack: Stack) -> None:
    closes = connect(stack.settings).daily_closes(["bitcoin"])
    sources = daily_series(closes, "bitcoin").sources
    assert "simulator" in set(closes["source"])
    assert ("csv_coingecko" in sources, "simulator" in sources) == (True, False)


def test_coverage_agrees_with_the_tables(stack: Stack) -> None:
    coverage = connect(stack.settings).coverage()
    rows = coverage[(coverage["coin"] == "bitcoin") & (coverage["source"] == "csv_coingecko")]
    counts = dict(zip(rows["table"], rows["row_count"], strict=True))
    assert counts == {
        table: stack.count(table, FROM_FILES) for table in ("iceberg.silver.coin_prices", "hive.crypto.coin_data")
    }


def test_notebook_up_prints_an_address_that_opens(stack: Stack) -> None:
    url = stack.script("analysis/scripts/notebook_up.sh").strip()
    page = httpx.get(url, follow_redirects=True, timeout=30)
    assert page.status_code == 200
    assert "JupyterLab" in page.text
    path, _, token = url.partition("/lab/tree/")[2].partition("?token=")
    content = httpx.get(
        f"{stack.settings.url('notebook')}/api/contents/{path}", headers={"Authorization": f"token {token}"}, timeout=30
    )
    assert content.json()["type"] == "notebook"


def test_the_notebook_holds_no_output(checkout: Path) -> None:
    cells = json.loads((checkout / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
