"""The notebooks of prices and of trades, their module and the address of the first, on the running lake."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import pytest

from analysis.lake import connect
from analysis.prices import daily_series
from tests.support.notebook import CHARTS, check_pictures, notebook_path
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOTEBOOK_S = 300
DISTINCT_COLOURS = 100  # an empty chart has about 60: the greys of its letters
FROM_FILES = "coin = 'bitcoin' AND source = 'csv_coingecko'"


def check_notebook(name: str, stack: Stack, folder: Path) -> None:
    """Run a notebook by the command line and check that it has drawn all its charts."""
    command = [sys.executable, "-m", "analysis.run_notebook", notebook_path(name), str(folder)]
    done = subprocess.run(
        command, cwd=stack.root, env=dict(stack.env), timeout=NOTEBOOK_S, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    check_pictures(name, [Path(line) for line in done.stdout.splitlines()], more_colours_than=DISTINCT_COLOURS)


def test_the_price_notebook_draws_every_chart(stack: Stack, tmp_path: Path) -> None:
    check_notebook("bitcoin-presto", stack, tmp_path)


def test_the_trade_notebook_draws_every_chart(stack: Stack, tmp_path: Path) -> None:
    product = stack.settings.markets.products[0]
    for table in ("gold.dm_crypto_price_stats", "ops.coverage"):  # they follow the trades by a minute
        wait_until(partial(stack.count, table, f"product_id = '{product}'"), 180, f"{product} in {table}")
    check_notebook("trades", stack, tmp_path)


def test_candles_and_volume_agree_with_the_trades(stack: Stack) -> None:
    lake, product = connect(stack.settings), stack.settings.markets.products[0]
    minute = stack.presto(f"SELECT min(minute) FROM silver.candles_1m WHERE product_id = '{product}'")[0][0]
    ((count, low, high),) = stack.presto(
        "SELECT count(*), min(price), max(price) FROM silver.fact_crypto_trades "
        f"WHERE product_id = '{product}' AND date_trunc('minute', trade_time) = TIMESTAMP '{minute}'"
    )
    first = lake.candles(product, 24, exact=True).iloc[0]
    assert (first["trades"], first["low"], first["high"]) == (count, Decimal(low), Decimal(high))


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
    lake = connect(stack.settings)
    sources = daily_series(lake.daily_prices(["bitcoin"]), "bitcoin").sources
    assert "simulator" in set(lake.daily_closes(["bitcoin"])["source"])
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


@pytest.mark.parametrize("name", CHARTS)
def test_a_notebook_that_was_run_holds_no_output(checkout: Path, name: str) -> None:
    cells = json.loads((checkout / notebook_path(name)).read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
