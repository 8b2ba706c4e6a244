"""Bring the exchange's trades into Kafka: python -m pipeline.ingest.trades [--record FILE | --replay FILE [--speed N]].

Without an option it follows the live feed (or the simulator's), keeps the ledger of gaps and fills them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.events.trades import RAW_TRADES, TRADE_GAPS
from pipeline.ingest.process_lock import only_one
from pipeline.ingest.trades.feed import Feed, Listener
from pipeline.ingest.trades.intake import tune_gc
from pipeline.ingest.trades.market_choice import market_without_a_lake, wait_for_market
from pipeline.ingest.trades.protocols import subscriptions
from pipeline.ingest.trades.recording import Recorder, paced, read_recording
from pipeline.ingest.trades.replay import replay
from pipeline.ingest.trades.service import Service
from pipeline.kafka.clients import KafkaAdmin, client_config
from pipeline.service_main import service_main
from pipeline.settings import Settings
from pipeline.settings.exchange import TradeMarket

log = logging.getLogger(__name__)

TOPICS_WAIT_S = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the options say until it is done or a signal comes; return the exit code."""
    options = _parser().parse_args(arguments)
    tune_gc()
    return service_main(lambda settings, stop: _run(settings, options, stop), quiet=("httpx", "websockets"))


def _run(settings: Settings, options: argparse.Namespace, stop: threading.Event) -> None:
    try:
        if options.record:
            _record(settings, options.record)
        elif options.replay:
            _replay(settings, options.replay, options.speed)
        else:
            _serve(settings, stop)
    except OSError as error:  # a file of the user's
        raise ServiceError(str(error)) from error


def _serve(settings: Settings, stop: threading.Event) -> None:
    with only_one(settings.run_dir, "trades"):
        topics = [RAW_TRADES.name, TRADE_GAPS.name]
        kafka = KafkaAdmin(client_config(settings))
        kafka.wait_for_topics(topics, TOPICS_WAIT_S, stop)
        identity = partial(kafka.identity, RAW_TRADES.name)
        asyncio.run(_until_signal(Service(settings, wait_for_market(settings, stop), identity)))


async def _until_signal(service: Service) -> None:
    await service.run(_signalled())


def _record(settings: Settings, path: Path) -> None:
    market = market_without_a_lake(settings)
    recorder = Recorder(path, market.source)
    try:
        asyncio.run(_record_until_signal(settings, market, recorder))
    finally:
        recorder.close()
        log.info("%d frames in %s", recorder.frames, path)


async def _record_until_signal(settings: Settings, market: TradeMarket, recorder: Recorder) -> None:
    listener = Listener(recorder.write, lambda _products: None, lambda: False)
    feeds = [asyncio.create_task(Feed(one, listener).run()) for one in subscriptions(settings, market)]
    stopped = asyncio.create_task(_signalled().wait())
    done, waiting = await asyncio.wait([stopped, *feeds], return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for task in done:
        task.result()


def _replay(settings: Settings, path: Path, speed: float) -> None:
    with only_one(settings.run_dir, "replay"):
        started = time.monotonic()
        figures = replay(settings, paced(read_recording(path), speed))
        print(json.dumps(figures | {"seconds": round(time.monotonic() - started, 3)}))  # noqa: T201


def _signalled() -> asyncio.Event:
    """Return an event that SIGTERM or Ctrl-C sets; call it in the loop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _speed(text: str) -> float:
    speed = math.inf if text == "max" else float(text)
    if not speed > 0:
        raise argparse.ArgumentTypeError("a number above 0, or max")
    return speed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.ingest.trades",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--record", type=Path, metavar="FILE", help="write the feed's frames to a new file; no Kafka")
    what.add_argument("--replay", type=Path, metavar="FILE", help="send a recording's frames to Kafka, and end")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="of the replay: so many times as fast as it was, or max"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
