"""Which files' candles the set-up replays."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from pipeline.host.options import HistoryFile
from pipeline.settings import load_settings
from pipeline.verbs.console import Stages
from pipeline.verbs.history_candles import order_of, take_in


def test_a_file_of_daily_prices_has_no_candles(tmp_path: Path) -> None:
    path = tmp_path / "btc-usd-max.csv"
    path.write_text("snapped_at,price,market_cap,total_volume\n")
    text = io.StringIO()
    take_in(load_settings({"COINLAKE_HOME": str(tmp_path)}), HistoryFile(path, "bitcoin"), Stages(Console(file=text)))
    assert text.getvalue() == ""


def test_a_files_candles_are_those_of_its_coin_against_the_dollar() -> None:
    order = order_of(HistoryFile(Path("/somewhere/btcusd_1-min_data.csv"), "bitcoin"))
    assert (order.origin, order.source, order.product_id) == ("btcusd_1-min_data.csv", "csv_kaggle", "BTC-USD")
