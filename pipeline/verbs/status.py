"""What runs, how far it is, and what the tables hold: the body of `pipeline_status.sh`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from rich.console import Console

from pipeline.errors import CoinlakeError
from pipeline.events.catalog import TOPICS
from pipeline.health.service_states import ServiceState, service_states, serving_elsewhere
from pipeline.health.table_states import TableState, table_state
from pipeline.health.topic_states import TopicState, topic_states
from pipeline.health.trade_coverage import TradeCoverage, trade_coverage
from pipeline.host import processes
from pipeline.host.options import SetupOptions
from pipeline.presto import Presto
from pipeline.scheduler_api import MarketInUse, SchedulerApi
from pipeline.settings import Settings, load_settings
from pipeline.tables.catalog import TABLES
from pipeline.tables.model import Table
from pipeline.verbs.background import in_background
from pipeline.verbs.faults import SETUP, alarm_faults, service_faults
from pipeline.verbs.run_config import choose
from pipeline.verbs.status_view import show

ANSWER_S = 15.0  # for everything together
KAFKA_S = 5.0
NOT_WELL = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Status:
    """The lake at a glance; None is not known.

    `market_fault` says since when no price has come, and why; null while they come.
    `faults` are lines on services that refuse to run, chores that fail, and what else a person should look at.
    `market` (of prices) and `trades_market` are live or simulator; `trades` is empty until the first hour is counted.
    """

    services: list[ServiceState]
    topics: list[TopicState]
    tables: list[TableState]
    trades: list[TradeCoverage] | None
    market: str | None
    trades_market: str | None
    market_fault: str | None
    faults: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether every service is up and prices arrive."""
        return all(service.up for service in self.services) and self.market_fault is None

    def to_json(self) -> dict[str, Any]:
        """Return the status in the shape that outside checks rely on."""
        return asdict(self)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the status; return 0 when every service is up and prices arrive, 3 when not."""
    parser = argparse.ArgumentParser(prog="pipeline_status.sh", usage="see pipeline_status.sh --help")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--services-from-stdin", action="store_true")  # what another found out: Docker's containers
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        status = _status_inside(settings) if given.services_from_stdin else native_status()
    except CoinlakeError as error:
        print(f"pipeline_status.sh: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if given.json:
        print(json.dumps(status.to_json(), indent=2))  # noqa: T201
    else:
        show(status.to_json(), settings, Console(soft_wrap=True, highlight=False))
    return 0 if status.is_well else NOT_WELL


def _status_inside(settings: Settings) -> Status:
    """Return the status as a container sees it, with the services that the machine outside has named."""
    services = [ServiceState(**state) for state in json.load(sys.stdin)]
    return replace(collect(settings, services), faults=alarm_faults(settings))


def native_status() -> Status:
    """Return the status of a lake whose services are processes of this machine, by the settings that they run with."""
    settings = choose(SetupOptions()).settings
    services = service_states(settings)
    elsewhere = serving_elsewhere(settings)
    status = collect(settings, [*services, *elsewhere])
    reasons = [f"{state.name}: {reason}" for state, reason in elsewhere.items() if reason is not None]
    return replace(status, faults=[*native_faults(settings, services), *reasons])


def native_faults(settings: Settings, services: Sequence[ServiceState]) -> list[str]:
    """Return what to look at where the services are processes of this machine."""
    if processes.supervisord_pid(settings.home) is not None:
        return [*service_faults(settings), *alarm_faults(settings)]
    if any(service.pid for service in services):
        return [f"the supervisor is gone, so nothing restarts a service that ends: {SETUP} starts everything again"]
    return [f"the lake is stopped: {SETUP} starts it"]


def collect(settings: Settings, services: list[ServiceState]) -> Status:
    """Ask every part at the same time; each has its time limit, and what does not answer is unknown."""
    down = {service.name for service in services if not service.up}  # an engine elsewhere is not among the services
    names = [topic.name for topic in TOPICS]
    topics = _in_background(lambda: topic_states(settings, names, KAFKA_S), when="kafka" not in down)
    market: Future[MarketInUse | None] = _in_background(
        lambda: SchedulerApi(settings).market(), when="scheduler" not in down
    )
    presto = Presto(settings.lake.presto_url, source="coinlake-status", request_timeout_s=ANSWER_S)
    tables = [_in_background(_asks(presto, table), when="presto" not in down) for table in TABLES]
    trades: Future[list[TradeCoverage] | None] = _in_background(
        lambda: trade_coverage(presto), when="presto" not in down
    )
    deadline = time.monotonic() + ANSWER_S
    in_use = _answer(market, deadline, None)
    return Status(
        services=services,
        topics=_answer(topics, deadline, [TopicState(name, None, None) for name in names]),
        tables=[_answer(state, deadline, TableState(t.full_name)) for t, state in zip(TABLES, tables, strict=True)],
        trades=_answer(trades, deadline, None),
        market=None if in_use is None else in_use.name,
        trades_market=None if in_use is None else in_use.trades,
        market_fault=None if in_use is None else in_use.fault,
    )


def _asks(presto: Presto, table: Table) -> Callable[[], TableState]:
    return lambda: table_state(presto, table)


def _in_background(ask: Callable[[], T], *, when: bool) -> Future[T]:
    """Ask in the background; without `when` the answer is a failure at once."""
    if when:
        return in_background(ask)
    future: Future[T] = Future()
    future.cancel()
    return future


def _answer(future: Future[T], deadline: float, unknown: T) -> T:
    if future.cancelled():
        return unknown
    try:
        return future.result(max(0.0, deadline - time.monotonic()))
    except (CoinlakeError, TimeoutError):
        return unknown


if __name__ == "__main__":
    sys.exit(main())
