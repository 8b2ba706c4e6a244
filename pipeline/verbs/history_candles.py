"""The minute candles of a file given with `--history`, for the serving tier: replayed into `bitcoin_data` at once."""

from __future__ import annotations

import time

from pipeline.events.candles import BITCOIN_DATA
from pipeline.host.options import HistoryFile
from pipeline.ingest.replay.pieces import Order
from pipeline.ingest.replay.sources import content_hash, open_file
from pipeline.ingest.sources.csv_file import open_csv
from pipeline.ingest.sources.csv_layouts import KAGGLE
from pipeline.settings import Settings
from pipeline.tickers import TICKERS
from pipeline.verbs.console import Stages
from pipeline.verbs.replay_candles import Run, replay
from pipeline.verbs.visibility import wait_for_stream

WITHIN_S = 300.0  # and more for a long file:
ROWS_A_SECOND = 2_000


def take_in(settings: Settings, file: HistoryFile, stages: Stages) -> None:
    """Replay the file's candles and wait until all of them are in silver; a file of another kind has none.

    Raises:
        CoinlakeError: Kafka refuses them, or the stream did not read them in time.
    """
    if open_csv(file.path).layout.name != KAGGLE:
        return
    order = order_of(file)
    with stages.stage("candles") as outcome, stages.progress(f"candles of {order.product_id}") as advance:
        run = Run(content_hash(file.path), rate=None, restart=False, advance=advance)
        position = replay(settings, open_file(file.path), order, run)
        deadline = time.monotonic() + WITHIN_S + position.candles / ROWS_A_SECOND
        wait_for_stream(settings, advance, deadline, (BITCOIN_DATA,))
        rejected = f", {position.bad:,} rows rejected (iceberg.silver.rejected_events)" if position.bad else ""
        outcome(f"candles of {order.product_id}: {position.candles:,} in silver.{BITCOIN_DATA.name}{rejected}")


def order_of(file: HistoryFile) -> Order:
    """Return what to make of a file's rows: candles of its coin against the dollar."""
    return Order(file.path.name, KAGGLE, f"{TICKERS.get(file.coin, file.coin).upper()}-USD")
