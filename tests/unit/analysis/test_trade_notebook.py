"""The notebook of trades on a made-up lake: with trades of some products, and without any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analysis.run_notebook import run_notebook
from tests.support import trade_answers as made
from tests.support.fake_presto import table
from tests.support.notebook import check_pictures, notebook_path

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

WORDS = {
    "trade_coverage": "ops.coverage",
    "trade_gaps": "ops.gaps",
    "price_trend": "dm_crypto_price_stats",
    "volume_per_asset": "AS asset",  # reads candles_1m, too
    "candles": "candles_1m",
    "live_alerts": "dm_market_alerts",
    "volume_profile": "AS price_from",  # reads fact_crypto_trades, too
    "trade_freshness": "fact_crypto_trades",
}
"""What tells the statements of the notebook apart."""


@pytest.fixture
def made_up_lake(presto: FakePresto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePresto:
    """A Presto that knows the notebook's statements and has no rows; the notebook's kernel is pointed at it."""
    monkeypatch.setenv("PRESTO_URL", presto.url)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COINBASE_PRODUCTS", "ETH-USD,BTC-USD")
    products = table({"product_id": "varchar"}, ["ETH-USD"], ["BTC-USD"])
    answers = {word: made.answer(statement) for statement, word in WORDS.items()}
    presto.answers = {"iceberg.gold.coins": products, **answers}  # asked where there are no candles
    return presto


def test_the_trade_notebook_draws_its_charts(made_up_lake: FakePresto, tmp_path: Path, checkout: Path) -> None:
    rows = {
        "trade_coverage": [made.coverage("ETH-USD"), made.coverage("BTC-USD", 3)],
        "trade_gaps": [made.gap("open", None), made.gap("filled", 3.5)],
        "price_trend": [*made.trend(made.ETH), *made.trend(made.BTC, "simulator")],
        "volume_per_asset": [["coinbase", "ETH", "USD", "1", "3000", 5, "3000"]],
        "candles": made.candles(made.ETH),
        "volume_profile": made.profile(made.ETH),
        "live_alerts": [made.alert(3, -2.5, made.ETH)],
        "trade_freshness": [made.freshness("matches"), made.freshness("rest")],
    }
    made_up_lake.answers = {WORDS[name]: made.answer(name, rows[name]) for name in WORDS}
    pictures = run_notebook(checkout / notebook_path("trades"), tmp_path / "out")
    check_pictures("trades", pictures, more_colours_than=50)
    assert any(statement.endswith("USING 'ETH-USD',24") for statement in made_up_lake.statements)


def test_the_trade_notebook_runs_on_an_empty_lake(made_up_lake: FakePresto, tmp_path: Path, checkout: Path) -> None:
    check_pictures("trades", run_notebook(checkout / notebook_path("trades"), tmp_path / "out"))
    asked = "\n".join(made_up_lake.statements)
    assert [statement for statement, word in WORDS.items() if word not in asked] == []
