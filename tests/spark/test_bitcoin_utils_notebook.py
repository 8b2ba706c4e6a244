"""The notebook of `bitcoin_utils`, run as a user runs it, on a simulated market that answers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from werkzeug.serving import make_server

from analysis import run_notebook
from pipeline.ingest.simulator.app import create_simulator
from tests.support.notebook import check_pictures, notebook_path
from tests.support.served import served


@pytest.fixture
def market() -> Iterator[str]:
    """The address of a simulated market."""
    server = make_server("127.0.0.1", 0, create_simulator(seed=1))
    with served(server):
        yield f"http://127.0.0.1:{server.server_port}/api/v3"


@pytest.mark.long
def test_the_notebook_runs_to_its_end(
    market: str, tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COINGECKO_URL", market)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(run_notebook, "CELL_TIMEOUT_S", 600)  # a busy machine takes minutes to start Spark
    pictures = run_notebook.run_notebook(checkout / notebook_path("bitcoin_utils"), tmp_path / "out")
    check_pictures("bitcoin_utils", pictures, more_colours_than=50)
    made = tmp_path / "home" / "notebooks" / "bitcoin_utils"
    assert {"prices", "stream", "predictions.zip", "output_plot.png"} <= {path.name for path in made.iterdir()}
    written = len(list((made / "prices").glob("*.json")))
    accepted = pd.concat(pd.read_parquet(path) for path in made.glob("stream/prices/status=accepted/*.parquet"))
    assert len(accepted) == written >= 5
    assert set(accepted["source"]) == {"simulator"}
