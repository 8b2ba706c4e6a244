"""A recorded session once more through the code that took it live; trades that are there already change nothing."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable

from pipeline.ingest.spool import Spool
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.ingest.trades.gaps.gap_ledger import GapLedger
from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.ingest.trades.intake import Intake
from pipeline.ingest.trades.recording import Recorded
from pipeline.ingest.trades.sink import Account, FrameSink, connector
from pipeline.kafka.clients import producer_config
from pipeline.settings import Settings

log = logging.getLogger(__name__)

POLL_EVERY = 256
PAUSE_S = 0.01
FLUSH_S = 60.0


def replay(settings: Settings, frames: Iterable[Recorded]) -> dict[str, object]:
    """Send the frames as they come and return the figures; gaps are counted, not filled and not told.

    What Kafka does not accept in time stays in a spool of the replay's own, which the next replay sends first.
    """
    folder = settings.data_dir / "trades" / "replay"
    shutil.rmtree(folder / "ledgers", ignore_errors=True)  # a recording's ids are long past
    ledgers: dict[str, GapLedger] = {}

    def acknowledge(product: str, trade_ids: Iterable[int]) -> None:
        for ledger in ledgers.values():
            ledger.detector.acknowledged(product, trade_ids)

    connect = connector(producer_config(settings))
    sink = FrameSink(connect, Spool(folder / "spool"), settings.kafka.spool_max_bytes, Account(acknowledge))
    intakes: dict[str, Intake] = {}
    for number, (frame, received_us, source) in enumerate(frames, start=1):
        if source not in intakes:
            store = GapStore(folder / "ledgers" / f"{len(ledgers)}.db", source)
            ledgers[source] = GapLedger(GapDetector(source), store, lambda _state: None)
            intakes[source] = Intake(source, ledgers[source].detector, sink)
        intakes[source].take(frame, received_us)
        if not number % POLL_EVERY:
            _keep_up(sink, ledgers.values())
    sink.close(FLUSH_S)
    return _figures(sink, intakes, ledgers)


def _keep_up(sink: FrameSink, ledgers: Iterable[GapLedger]) -> None:
    sink.poll()
    for ledger in ledgers:
        ledger.tick()
    while sink.busy:
        time.sleep(PAUSE_S)
        sink.poll()


def _figures(sink: FrameSink, intakes: dict[str, Intake], ledgers: dict[str, GapLedger]) -> dict[str, object]:
    figures: dict[str, object] = {"sent": sink.sent, "spooled": sink.spooled}
    for source, intake in intakes.items():
        ledgers[source].close()
        figures[source] = intake.figures() | ledgers[source].detector.counts()
    return figures
