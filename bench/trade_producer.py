"""The trade producer against the bare client, the same bytes in the same run: `python -m bench.trade_producer`.

Ours reads each frame, looks for gaps, sends it with the spool at hand and counts what Kafka acknowledges; the bare
client is given the same values, keys and headers, made beforehand. The frames go to `coinbase-raw-trades` of the
running lake under products that nobody asked for, so they end in bronze and silver.rejected_events: measure on a lake
that may be thrown away. `--mock` uses librdkafka's own in-process broker, which stores nothing: it shows what the
client's side costs.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from bench.measure import median_rates, report
from pipeline.events.trades import MATCHES, RAW_TRADES, FrameHeaders
from pipeline.ingest.spool import Spool
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.ingest.trades.gaps.gap_ledger import GapLedger
from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.ingest.trades.intake import Intake, tune_gc
from pipeline.ingest.trades.sink import Account, FrameSink, sink_config
from pipeline.kafka.clients import producer_config
from pipeline.settings import load_settings

SOURCE = "bench-rate"
POLL_EVERY = 256
FLUSH_S = 120.0

Frames = list[tuple[bytes, bytes]]
Config = dict[str, Any]


def make_frames(products: int, count: int, first_id: int) -> Frames:
    """Return keys and frames as the exchange sends them, about 280 bytes each, the products taking turns."""
    return [
        (
            f"BENCH{number % products}-USD".encode(),
            _frame(f"BENCH{number % products}-USD", first_id + number // products),
        )
        for number in range(count)
    ]


def _frame(product: str, trade_id: int) -> bytes:
    body = {
        "type": "match",
        "trade_id": trade_id,
        "maker_order_id": "5b268d37-59d7-4b16-935c-3854d4cf956d",
        "taker_order_id": f"b281704b-3d2e-4631-bc49-{trade_id:012d}",
        "side": "buy",
        "size": "0.00000009",
        "price": f"{77572 + trade_id % 100}.87",
        "product_id": product,
        "sequence": 135_437_581_854 + trade_id,
        "time": "2026-09-02T07:44:10.104422Z",
    }
    return json.dumps(body, separators=(",", ":")).encode()


def bare(config: Config, frames: Frames, *, with_headers: bool = True) -> None:
    """Send the frames with the client alone."""
    headers: list[tuple[str, str | bytes | None]] = []
    if with_headers:
        headers += FrameHeaders(SOURCE, MATCHES, time.time_ns() // 1000).to_kafka()
    producer = Producer(config | {"queue.buffering.max.messages": 2 * len(frames)})
    for key, value in frames:
        producer.produce(RAW_TRADES.name, value, key, headers=headers)
    if producer.flush(FLUSH_S):
        raise SystemExit("Kafka did not acknowledge all")


def ours(config: Config, frames: Frames) -> None:
    """Send the frames as the service does, until all are acknowledged."""
    with tempfile.TemporaryDirectory() as folder:
        _send(config, frames, Path(folder))


def _send(config: Config, frames: Frames, folder: Path) -> None:
    ledger = GapLedger(GapDetector(SOURCE), GapStore(folder / "gaps.db", SOURCE), lambda _state: None)
    sink = FrameSink(lambda: Producer(config), Spool(folder / "spool"), 2**30, Account(ledger.detector.acknowledged))
    intake = Intake(SOURCE, ledger.detector, sink)
    for number, (_, frame) in enumerate(frames, start=1):
        intake.take(frame, time.time_ns() // 1000)
        if not number % POLL_EVERY:
            sink.poll()
            while sink.busy:
                time.sleep(0.001)
                sink.poll()
    sink.close(FLUSH_S)
    ledger.close()
    if sink.spooled:
        raise SystemExit(f"{sink.spooled} frames went by the spool: Kafka did not keep up")


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000, help="frames of each round and way")
    parser.add_argument("--products", type=int, default=20)
    parser.add_argument("--mock", action="store_true", help="no lake: librdkafka's own broker")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    tune_gc()  # as the service does; the bare client makes next to nothing to collect
    config = sink_config(producer_config(load_settings()))
    if options.mock:
        config |= {"test.mock.num.brokers": 1, "allow.auto.create.topics": True}
    frames = make_frames(options.products, options.frames, first_id=time.time_ns() // 1_000_000)
    ways: dict[str, Callable[[], None]] = {
        "bare": lambda: bare(config, frames),
        "ours": lambda: ours(config, frames),
        "bare_without_headers": lambda: bare(config, frames, with_headers=False),
    }
    medians = median_rates(ways, len(frames))
    report(
        frames=len(frames),
        broker="mock" if options.mock else "kafka",
        **{f"{name}_per_s": round(value) for name, value in medians.items()},
        ratio=round(medians["ours"] / medians["bare"], 3),
    )


if __name__ == "__main__":
    main()
