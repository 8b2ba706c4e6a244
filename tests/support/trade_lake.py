"""The trade producer as a whole, on an exchange, a REST side, a Kafka and a table in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from websockets.asyncio.server import ServerConnection, serve

from pipeline.errors import PrestoUnreachableError
from pipeline.events.trades import RAW_TRADES, REST_FRAME, TRADE_GAPS
from pipeline.ingest.trades import replay as replay_module
from pipeline.ingest.trades import service as service_module
from pipeline.ingest.trades.backfill import filler as filler_module
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.settings import Settings, load_settings
from tests.support.kafka_client import FakeKafka

SETTLE_S = 0.05
Play = Callable[[ServerConnection], Awaitable[None]]


def match(trade_id: int) -> str:
    return json.dumps({"type": "match", "trade_id": trade_id, "product_id": "BTC-USD", "price": "1", "size": "1"})


class FakeRest:
    """Has every trade."""

    def __init__(self, _base_url: str) -> None:
        self.pages: list[tuple[str, int]] = []

    def page(self, product: str, after: int) -> dict[int, dict[str, object]]:
        self.pages.append((product, after))
        return {number: {"trade_id": number, "price": "1", "size": "1"} for number in range(after - 1, 0, -1)}

    def close(self) -> None:
        pass


def in_memory(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    """Put what is in memory in the place of what is not."""
    kafka = FakeKafka()
    for module in (service_module, replay_module):
        monkeypatch.setattr(module, "connector", lambda _config: kafka.connect)
    monkeypatch.setattr(service_module, "TradesRest", FakeRest)
    monkeypatch.setattr(service_module, "Presto", lambda *_values: AbsentPresto())
    monkeypatch.setattr(service_module, "BEAT_S", 0.02)
    monkeypatch.setattr(service_module, "POLL_S", 0.005)
    monkeypatch.setattr(filler_module, "IDLE_S", 0.02)
    monkeypatch.setattr("pipeline.ingest.trades.gaps.gap_ledger.SAVE_S", 0.02)
    monkeypatch.setattr("pipeline.ingest.trades.backfill.table_check.IDLE_S", 0.02)
    real = GapDetector
    monkeypatch.setattr(service_module, "GapDetector", lambda source: real(source, settle_s=SETTLE_S))
    return kafka


class AbsentPresto:
    """Answers nothing, at once."""

    def rows(self, _sql: str, _params: Sequence[object] = ()) -> list[list[Any]]:
        raise PrestoUnreachableError("http://presto.test", "a test")


class TableInMemory:
    """Presto over DuckDB: a table of trades and what the lake keeps about them; `up` or not."""

    def __init__(self) -> None:
        self.up = True
        self.statements = 0
        self._database = duckdb.connect()
        product = "source text, product_id text"
        for sql in (
            "ATTACH ':memory:' AS iceberg",
            "CREATE SCHEMA iceberg.silver",
            "CREATE SCHEMA iceberg.ops",
            f"CREATE TABLE iceberg.silver.fact_crypto_trades ({product}, trade_id bigint, trade_time timestamp)",
            f"CREATE TABLE iceberg.ops.coverage ({product}, hour timestamp, missing bigint, last_trade_id bigint)",
            f"CREATE TABLE iceberg.ops.gaps ({product}, from_id bigint, to_id bigint, status text, filled bigint)",
        ):
            self._database.execute(sql)

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[list[Any]]:
        """Answer as Presto does: times are text."""
        if not self.up:
            raise PrestoUnreachableError("http://presto.test", "a test")
        self.statements += 1
        found = self._database.cursor().execute(sql, list(params)).fetchall()
        return [[str(value) if isinstance(value, datetime) else value for value in row] for row in found]

    def add_trades(self, ids: Sequence[int], time: datetime, product: str = "BTC-USD") -> None:
        rows = [["coinbase", product, trade_id, time] for trade_id in ids]
        self._database.executemany("INSERT INTO iceberg.silver.fact_crypto_trades VALUES (?, ?, ?, ?)", rows)

    def add_hour(self, hour: datetime, missing: int, last_id: int, product: str = "BTC-USD") -> None:
        values = ["coinbase", product, hour, missing, last_id]
        self._database.execute("INSERT INTO iceberg.ops.coverage VALUES (?, ?, ?, ?, ?)", values)

    def add_gap(self, first: int, last: int, lost: int, status: str = "lost") -> None:
        filled = last - first + 1 - lost
        values = ["coinbase", "BTC-USD", first, last, status if lost else "filled", filled]
        self._database.execute("INSERT INTO iceberg.ops.gaps VALUES (?, ?, ?, ?, ?, ?)", values)


class Lake:
    """A service with its exchange; `play` sends what the exchange sends."""

    def __init__(self, folder: Path, kafka: FakeKafka) -> None:
        self.folder, self.kafka, self.rest_url = folder, kafka, "http://rest.test"
        self.kafka_id = "cluster/topic"

    def settings(self, port: int = 1) -> Settings:
        return load_settings(
            {
                "COINLAKE_HOME": str(self.folder),
                "COINBASE_WS_URL": f"ws://127.0.0.1:{port}",
                "COINBASE_REST_URL": self.rest_url,
                "COINBASE_PRODUCTS": "BTC-USD",
                "PRESTO_URL": "http://127.0.0.1:1",
            }
        )

    @asynccontextmanager
    async def running(self, play: Play) -> AsyncIterator[asyncio.Task[None]]:
        async def handle(socket: ServerConnection) -> None:
            await socket.recv()
            await play(socket)
            await socket.wait_closed()

        async with serve(handle, "127.0.0.1", 0) as server:
            settings = self.settings(next(iter(server.sockets)).getsockname()[1])
            stop = asyncio.Event()
            service = service_module.Service(settings, settings.markets.exchange.live, lambda: self.kafka_id)
            task = asyncio.create_task(service.run(stop))
            yield task
            stop.set()
            await task

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    def ids(self) -> list[int]:
        """Return the ids of all trades in Kafka, as often as they are there."""
        found: list[int] = []
        for record in self.kafka.log:
            if record.topic == RAW_TRADES.name:
                body = json.loads(record.value)
                found += [one["trade_id"] for one in body["trades"]] if body["type"] == REST_FRAME else []
                found += [body["trade_id"]] if body["type"] == "match" else []
        return sorted(found)

    def states(self) -> list[dict[str, Any]]:
        """Return the gap states in Kafka, oldest first."""
        return [json.loads(record.value) for record in self.kafka.log if record.topic == TRADE_GAPS.name]

    def gaps(self) -> dict[str, tuple[int, int, str]]:
        return {state["gap_id"]: (state["from_id"], state["to_id"], state["status"]) for state in self.states()}

    def beat(self) -> dict[str, Any]:
        """Return the heartbeat, before the first one its counts as 0."""
        file = self.folder / "run" / "trades.json"
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"frames": 0, "connected": 0}
        return found
