"""Replay minute candles into `bitcoin_data`: the body of `replay_candles.sh`."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.events.candles import BITCOIN_DATA
from pipeline.events.raw import DEAD_LETTERS
from pipeline.host.cli import run_verb
from pipeline.ingest.process_lock import only_one
from pipeline.ingest.replay.pieces import Order
from pipeline.ingest.replay.positions import Position, PositionFile
from pipeline.ingest.replay.producer import BlockProducer
from pipeline.ingest.replay.replay import Progress, Replay, Schedule
from pipeline.ingest.replay.simulated import SimulatedRows, whole_minute
from pipeline.ingest.replay.sources import RowSource, content_hash, open_file
from pipeline.ingest.simulator.exchange.state_file import DEFAULT_SEED, StateFile, exchange_file
from pipeline.ingest.sources.csv_layouts import KAGGLE
from pipeline.kafka.clients import KafkaAdmin, client_config, producer_config
from pipeline.markets import SIMULATOR
from pipeline.settings import Settings, load_settings
from pipeline.settings.markets import PRODUCT_ID
from pipeline.verbs.console import Advance, Stages

NAME = "replay_candles.sh"
RATE = 10.0
TOPICS_WAIT_S = 600.0
SIMULATED_SPAN = timedelta(days=7)
LIVE_SOURCES = ("coinbase", "coinbase_candles")
RESUMES = "interrupted; the same command resumes where Kafka has everything"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when Kafka has all of it."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(load_settings(), options, Stages()), RESUMES)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("file", nargs="?", type=Path)
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_rate, default=RATE)
    pace.add_argument("--max", action="store_const", const=None, dest="rate")
    parser.add_argument("--product", type=_product, default="BTC-USD")
    parser.add_argument("--source", type=_source)
    parser.add_argument("--from", dest="start", type=_time)
    parser.add_argument("--to", dest="end", type=_time)
    parser.add_argument("--restart", action="store_true")
    given = parser.parse_args(arguments)
    if given.file is None and given.source is not None:
        parser.error(f"--source belongs to a FILE: the simulated market's rows say {SIMULATOR}")
    if given.file is not None and not given.file.is_file():
        parser.error(f"{given.file} is no file that can be read")
    if given.start and given.end and given.end <= given.start:
        parser.error("--to has to be after --from")
    return given


def run(settings: Settings, options: argparse.Namespace, stages: Stages) -> int:
    """Replay; return 0.

    Raises:
        CoinlakeError: the file is none that we know, or Kafka refuses it.
    """
    rows, order, content = chosen(settings, options, datetime.now(UTC))
    with stages.stage(f"candles of {order.origin}") as outcome, stages.progress(order.origin) as advance:
        position = replay(settings, rows, order, Run(content, options.rate, options.restart, advance))
        words = f"{position.candles:,} candles of {order.origin} are in {BITCOIN_DATA.name}"
        rejected = f", {position.bad:,} rows rejected (iceberg.silver.rejected_events)" if position.bad else ""
        outcome(words + rejected)
    return 0


@dataclass(frozen=True)
class Run:
    """How to replay: what the content is known by, candles a second (None: as many as Kafka takes), and who is told."""

    content: str
    rate: float | None
    restart: bool
    advance: Advance


def replay(settings: Settings, rows: RowSource, order: Order, run: Run) -> Position:
    """Send what Kafka does not have of the rows, once Kafka is there, and return the position at the end.

    Raises:
        AlreadyRunningError: another process replays the same.
        ServiceError: Kafka refuses the records for good.
    """
    admin = KafkaAdmin(client_config(settings))
    admin.wait_for_topics([BITCOIN_DATA.name, DEAD_LETTERS.name], TOPICS_WAIT_S, threading.Event())
    label = (order.source, order.product_id, str(order.start), str(order.end))
    key = (run.content, *label, admin.identity(BITCOIN_DATA.name))
    file = PositionFile(settings.data_dir / "replay", key)
    with only_one(file.folder, file.key):
        file.drop_old()
        if run.restart:
            file.write(Position())
        meter = Meter(rows.total, file.read(), run.advance)
        producer = BlockProducer(producer_config(settings))
        return Replay(rows, order, producer, file, meter.tell).run(Schedule(run.rate))


class Meter:
    """Says how far a replay is, at what rate, and how long the rest will take."""

    def __init__(
        self, total: int, before: Position, advance: Advance, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total, self._before, self._advance, self._clock = total, before.candles, advance, clock
        self._begun: tuple[float, int] | None = None

    def tell(self, progress: Progress) -> None:
        """Show the progress."""
        now, candles = self._clock(), progress.position.candles - self._before
        if self._begun is None:  # what was read before the first piece is no measure of the pace
            self._begun = now, progress.done
        begun, done = self._begun
        elapsed, gained = now - begun, progress.done - done
        words = [f"{progress.position.candles:,} candles"]
        if elapsed > 0:
            words.append(f"{candles / elapsed:,.0f}/s")
        if gained > 0:
            left = timedelta(seconds=round((self._total - progress.done) * elapsed / gained))
            words.append(f"{left} left")
        if progress.position.bad:
            words.append(f"{progress.position.bad:,} rejected")
        if progress.waiting_s >= 1:
            words.append(f"waiting for Kafka, {progress.waiting_s:.0f} s")
        self._advance(progress.done, self._total, ", ".join(words))


def chosen(settings: Settings, options: argparse.Namespace, now: datetime) -> tuple[RowSource, Order, str]:
    """Return the rows that the options name, what to make of them, and what their content is known by.

    Raises:
        BadDataError: the file has no such rows.
    """
    if options.file is not None:
        order = Order(options.file.name, options.source or KAGGLE, options.product, options.start, options.end)
        return open_file(options.file), order, content_hash(options.file)
    end = options.end or opened_at(settings, options.product) or now
    rows = SimulatedRows(
        DEFAULT_SEED, options.product, *map(whole_minute, (options.start or end - SIMULATED_SPAN, end))
    )
    content = f"{SIMULATOR} {rows.seed} {rows.start.isoformat()} {rows.end.isoformat()}"
    return rows, Order(f"{SIMULATOR} {options.product}", SIMULATOR, options.product), content


def opened_at(settings: Settings, product: str) -> datetime | None:
    """Return when the lake's simulated exchange began to trade a product: from there on its trades make the candles."""
    state = StateFile(exchange_file(settings.data_dir), DEFAULT_SEED).read().get(product)
    return None if state is None else datetime.fromtimestamp(state.pace.opened_us / 1e6, UTC)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 1_000_000:
        raise argparse.ArgumentTypeError("a rate is above 0 and at most 1000000 rows a second")
    return rate


def _product(text: str) -> str:
    if not PRODUCT_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no product such as BTC-USD")
    return text


def _source(text: str) -> str:
    if not 0 < len(text.strip()) <= 64:
        raise argparse.ArgumentTypeError("a label has 1 to 64 characters")
    if text in (SIMULATOR, *LIVE_SOURCES):
        raise argparse.ArgumentTypeError(f"{text} is what candles of a market say; a file's are told from them")
    return text


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2021-01-01 or 2021-01-01T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
