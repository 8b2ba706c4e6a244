"""The trade producer's parts, put together: feeds, intake, sink, ledger of gaps and filler."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from pipeline.errors import ServiceError
from pipeline.events.trades import TRADE_GAPS, GapState
from pipeline.ingest.heartbeat import Heartbeat
from pipeline.ingest.spool import Spool
from pipeline.ingest.trades.backfill.filler import Filler
from pipeline.ingest.trades.backfill.rest import TradesRest
from pipeline.ingest.trades.backfill.table_check import TableCheck
from pipeline.ingest.trades.backfill.trades_table import TradesTable
from pipeline.ingest.trades.feed import Feed, Listener
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.ingest.trades.gaps.gap_ledger import GapLedger
from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.ingest.trades.intake import Intake
from pipeline.ingest.trades.market_choice import trades_choice
from pipeline.ingest.trades.protocols import subscriptions
from pipeline.ingest.trades.sink import Account, FrameSink, connector
from pipeline.kafka.clients import producer_config
from pipeline.presto import Presto
from pipeline.settings import Settings
from pipeline.settings.exchange import TradeMarket

log = logging.getLogger(__name__)

POLL_S = 0.02
BEAT_S = 1.0
CATCH_UP_S = 15.0  # how long the spool of the last run may keep the feed waiting
IDENTITY_S = 60.0  # between looks at whether Kafka is still the same
CHECK_STOP_S = 0.5  # Presto may be slow to answer, and the question is asked again after the start
STOP_S = 4.0  # each of the last waits for Kafka and for the filler


class Service:
    """The live producer of one market; `identity` asks which Kafka it is, by cluster id and topic id."""

    def __init__(self, settings: Settings, market: TradeMarket, identity: Callable[[], str]) -> None:
        self._settings, self._market, self._identity = settings, market, identity
        source = market.source
        folder = settings.data_dir / "trades"
        spool = Spool(folder / "spool")
        store = GapStore(folder / "gaps.db", source)
        detector = GapDetector(source)
        self._ledger = GapLedger(detector, store, self._tell_gap)
        self._table_check = TableCheck(store, TradesTable(Presto(settings.lake.presto_url, "coinlake-trades"), source))
        account = Account(detector.acknowledged, source, self._ledger.delivered)
        self._sink = FrameSink(connector(producer_config(settings)), spool, settings.kafka.spool_max_bytes, account)
        self._intake = Intake(source, detector, self._sink)
        listener = Listener(self._take, detector.connected, lambda: self._sink.full)
        self._feeds = [Feed(one, listener) for one in subscriptions(settings, market)]
        self._rest = None if market.rest_url is None else TradesRest(market.rest_url)
        self._filler = None if self._rest is None else Filler(detector, self._rest, self._take_page)
        self._heartbeat = Heartbeat(settings.run_dir, "trades")
        self._last_frame_us = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then bring everything into Kafka or to the disk.

        Raises:
            ServiceError: Kafka does not answer; or the lake's market or its Kafka has changed: the next start follows.
        """
        kafka = await asyncio.to_thread(self._identity)
        self._ledger.adopt(kafka)
        self._ledger.start()
        self._table_check.start()
        pump = asyncio.create_task(self._pump())
        beat = asyncio.create_task(self._beat_on())
        same_kafka = asyncio.create_task(self._watch_kafka(kafka))
        await self._catch_up(stop)
        if self._filler is not None:
            self._filler.start()
        feeds = [asyncio.create_task(feed.run()) for feed in self._feeds]
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([pump, beat, same_kafka, waiting, *feeds], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # one that failed ends the service
        finally:
            await _end([*feeds, same_kafka, beat, pump, waiting])
            await asyncio.to_thread(self._close)

    def _take(self, frame: bytes, received_us: int) -> None:
        self._last_frame_us = received_us
        self._intake.take(frame, received_us)

    def _take_page(self, product: str, frame: bytes) -> None:
        self._intake.take_page(product, frame, time.time_ns() // 1000)

    def _tell_gap(self, state: GapState) -> None:
        self._sink.send(state.to_json(), state.gap_id.encode(), [], topic=TRADE_GAPS.name)

    async def _catch_up(self, stop: asyncio.Event) -> None:
        """Let the last run's spool go first, so that its trades are no gap; the feed does not wait for a Kafka away."""
        end = time.monotonic() + CATCH_UP_S
        while self._sink.spooling and time.monotonic() < end and not stop.is_set():
            await asyncio.sleep(POLL_S)

    async def _pump(self) -> None:
        while True:
            self._sink.poll()
            await asyncio.sleep(POLL_S)

    async def _beat_on(self) -> None:
        while True:
            await asyncio.to_thread(self._beat)
            await asyncio.sleep(BEAT_S)

    async def _watch_kafka(self, adopted: str) -> None:
        """End the service when another Kafka answers: what the ledger takes for acknowledged is not there."""
        while True:
            await asyncio.sleep(IDENTITY_S)
            try:
                found = await asyncio.to_thread(self._identity)
            except ServiceError:
                continue  # Kafka is away; the sink deals with that
            if found != adopted:
                raise ServiceError(f"Kafka is now {found}, it was {adopted}: its topics were recreated")

    def _beat(self) -> None:
        self._sink.sync()
        self._ledger.tick(self._sink.answered_until())
        self._heartbeat.beat(self.figures())
        now = trades_choice(self._settings)
        if now is not None and now.kind != self._market.kind:
            raise ServiceError(f"the market has changed from {self._market.kind} to {now.kind}")

    def figures(self) -> dict[str, object]:
        """Return what the heartbeat shows."""
        return {
            "market": self._market.kind,
            "feed": self._settings.markets.exchange.feed,
            "products": len(self._settings.markets.products),
            "connections": len(self._feeds),
            "connected": sum(feed.is_connected for feed in self._feeds),
            "reconnects": sum(max(0, feed.connections - 1) for feed in self._feeds),
            "last_frame_time": self._last_frame_us / 1e6,
            **self._intake.figures(),
            **self._sink.figures(),
            **self._ledger.detector.counts(),
        }

    def _close(self) -> None:
        if self._filler is not None:
            self._filler.stop(STOP_S)
        self._table_check.stop(CHECK_STOP_S)
        self._sink.flush(STOP_S)
        self._ledger.close()
        self._sink.close(STOP_S)
        if self._rest is not None:
            self._rest.close()
        self._heartbeat.beat(self.figures() | {"connected": 0})
        log.info("stopped")


async def _end(tasks: list[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
