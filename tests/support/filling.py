"""An exchange's past trades, and a filler at work on gaps, both in memory; for the tests of the filler."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx

from pipeline.ingest.trades.backfill.filler import Filler
from pipeline.ingest.trades.backfill.rest import TradesRest
from tests.support.gaps import BTC, Kept
from tests.support.market import Market, reply


def trade(trade_id: int) -> dict[str, object]:
    return {"trade_id": trade_id, "price": "1.5", "size": "0.1", "side": "sell", "time": "2026-09-02T07:44:09.449472Z"}


class Exchange:
    """The REST side: has all trades up to `newest` but those in `gone`; `faults` come first, one a call."""

    def __init__(self, newest: int, gone: Iterable[int] = ()) -> None:
        self.newest, self.gone = newest, set(gone)
        self.faults: list[httpx.Response | Exception | None] = []
        self.afters: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response | Exception:
        after = int(request.url.params.get("after", self.newest + 1))
        limit = int(request.url.params["limit"])
        self.afters.append(after)
        fault = self.faults.pop(0) if self.faults else None
        return fault or reply(self.page(after, limit))

    def page(self, after: int, limit: int) -> list[dict[str, object]]:
        ids = (number for number in range(min(after - 1, self.newest), 0, -1) if number not in self.gone)
        return [trade(number) for number, _ in zip(ids, range(limit), strict=False)]


class Filling:
    """A ledger with gaps, an exchange to fill them from, and a Kafka that takes every frame (or not yet)."""

    def __init__(self, tmp_path: Path, exchange: Callable[[httpx.Request], httpx.Response | Exception]) -> None:
        self.market = Market(exchange)
        self.kept = Kept(tmp_path / "gaps.db", self.market.clock)
        self.frames: list[dict[str, Any]] = []
        self.acknowledges = True
        self.faults: list[Exception] = []
        self.newest: dict[str, int] = {}
        parts = self.market.parts()
        self.filler = Filler(self.kept.ledger.detector, TradesRest("https://market.test", parts), self.send, parts)

    def send(self, product: str, frame: bytes) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.frames.append(json.loads(frame))
        if self.acknowledges:
            self.kept.ledger.detector.acknowledged(product, self.sent()[-1])

    def sent(self) -> list[list[int]]:
        return [[trade["trade_id"] for trade in frame["trades"]] for frame in self.frames]

    def drop(self, *spans: tuple[int, int], product: str = BTC) -> None:
        """Have the feed jump over these ids; what lies between them, now and since the last call, arrives."""
        for first, last in spans:
            arrived = [*range(self.newest.get(product, first - 2) + 1, first), last + 1]
            self.newest[product] = last + 1
            for trade_id in arrived:
                self.kept.ledger.detector.seen(product, [trade_id])
            self.kept.ledger.detector.acknowledged(product, arrived)
        self.kept.pass_time()

    def run(self, seconds: float, step_s: float = 1.0) -> None:
        """Let rounds pass, one a second; with longer steps, hours pass sooner."""
        end = self.market.clock.time() + seconds
        while self.market.clock.time() < end:
            self.filler.run_once()
            self.kept.pass_time(step_s)

    def states(self) -> dict[int, tuple[str, int, int]]:
        return {state.from_id: (state.status, state.filled, state.lost) for state in self.kept.newest().values()}
