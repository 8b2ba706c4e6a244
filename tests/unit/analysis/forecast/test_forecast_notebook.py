"""The notebook of forecasts: on a file without any lake, and on a made-up lake."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from tests.support.fake_presto import table
from tests.support.notebook import notebook_path
from tests.support.price_histories import clustered

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

DAILY = {"coin": "varchar", "day": "date", "price_usd": "decimal(38,10)", "source": "varchar", "held_at": "timestamp"}
VOLATILITY = {
    "product_id": "varchar",
    "day": "date",
    "realised_volatility": "double",
    "returns": "bigint",
    "source": "varchar",
}
PRICE = clustered(150)
SMALL = {"coin": "btc", "horizon": 3, "origins": 8}


def executed(checkout: Path, folder: Path, **parameters: object) -> Any:
    """Run the notebook in its own folder, as a job would; return it with its output."""
    with warnings.catch_warnings(action="ignore"):  # papermill's own; the notebook runs in another process
        import papermill

        return papermill.execute_notebook(
            str(checkout / notebook_path("forecast")),
            str(folder / "done.ipynb"),
            parameters={**SMALL, "output_csv": str(folder / "forecast_output.csv"), **parameters},
            cwd=str(checkout / "analysis" / "notebooks"),
            progress_bar=False,
        )


def printed(document: Any) -> str:
    """Return all that the cells printed."""
    return "".join(output.get("text", "") for cell in document.cells for output in cell.get("outputs", []))


def pictures(document: Any) -> int:
    """Count the pictures that the cells drew."""
    return sum("image/png" in output.get("data", {}) for cell in document.cells for output in cell.get("outputs", []))


def test_a_file_is_enough(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESTO_URL", "http://127.0.0.1:9")  # nothing answers there
    prices = PRICE.rename("price_usd").reset_index()
    prices.to_csv(tmp_path / "prices.csv", index=False)
    document = executed(checkout, tmp_path, prices_csv=str(tmp_path / "prices.csv"), models=["ets", "har"])
    said = printed(document)
    assert "bitcoin: 150 days\n" in said
    assert said.count("naive") > 5  # in the verdicts
    assert pictures(document) == 3
    to_come, scores, evaluated = (
        pd.read_csv(tmp_path / f"forecast_output{part}.csv") for part in ("", "_scores", "_evaluated")
    )
    assert to_come.columns.tolist() == ["day", "model", "value", "lower", "upper"]
    assert to_come["day"].tolist() == ["2020-05-30", "2020-05-31", "2020-06-01"] * 3
    assert tuple(scores.columns) == FORECAST_SCORES.column_names
    assert scores["model"].tolist() == ["naive", "drift", "ets", "naive", "har"]
    assert tuple(evaluated.columns) == FORECASTS.column_names
    assert evaluated["origin"].max() == "2020-05-29"


@pytest.mark.parametrize("returns", ["daily", "five-minute"])
def test_without_a_file_the_lake_is_asked(
    presto: FakePresto,
    tmp_path: Path,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    returns: str,
) -> None:
    monkeypatch.setenv("PRESTO_URL", presto.url)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path / "home"))
    rows = [
        ["bitcoin", f"{day:%Y-%m-%d}", f"{price:.10f}", "simulator", f"{day:%Y-%m-%d} 23:59:00.000"]
        for day, price in PRICE.items()
    ]
    moves = PRICE.pct_change().abs().dropna()
    known = moves if returns == "five-minute" else moves.iloc[:0]
    measured = [["BTC-USD", f"{day:%Y-%m-%d}", move, 288, "simulator"] for day, move in known.items()]
    presto.answers = {
        "daily_prices": table(DAILY, *rows),
        "realised_volatility": table(VOLATILITY, *measured),
    }
    said = printed(executed(checkout, tmp_path, models=["drift"]))
    assert "bitcoin: 150 days, SIMULATED DATA" in said
    assert f"Volatility from {returns} returns." in said
    assert any("ARRAY['bitcoin']" in statement for statement in presto.statements)
