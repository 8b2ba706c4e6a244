"""How the lake is: each service, each topic's lag, each table, the disk, and where prices and trades come from."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from monitor.page import lake
from monitor.page.board import FAULTS, Board
from monitor.page.broadcast import Audience
from monitor.page.faults import reason
from monitor.page.neighbours import Neighbours
from pipeline.errors import CoinlakeError, ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.health.service_states import service_states
from pipeline.health.table_states import table_state
from pipeline.health.topic_states import topic_states
from pipeline.own_http import call
from pipeline.presto import Presto
from pipeline.run_files import Choice, Markets
from pipeline.scheduler_api import SchedulerApi
from pipeline.settings import Settings
from pipeline.tables.catalog import TABLES
from pipeline.tables.model import Table
from pipeline.verbs.background import in_background
from pipeline.verbs.faults import service_faults

log = logging.getLogger(__name__)

KAFKA_S = 3.0
AGAIN_S = 5.0  # after a failure
NOTES = "notes"
NAMENODE = "Hadoop:service=NameNode,name=NameNodeInfo"

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """Something that is asked again and again while somebody watches; its answer goes to a section of the board."""

    name: str
    every_s: float
    answer: Callable[[], None]


def questions(settings: Settings, board: Board) -> list[Question]:
    """Return all that is asked in the background; each raises `CoinlakeError` where it has no answer."""
    presto = lake.for_background(settings)
    scheduler = SchedulerApi(settings)
    services, tables = _services(settings), itertools.cycle(TABLES)

    def ask(section: str, every_s: float, values: Callable[[], Values]) -> Question:
        return Question(section, every_s, lambda: board.put(section, values()))

    return [
        Question("services", 2, lambda: board.replace("services", services())),
        ask("market", 5, partial(markets, settings, scheduler)),
        ask("topics", 5, partial(topics, settings)),
        ask("disk", 10, partial(disk, settings)),
        ask("hdfs", 30, partial(hdfs, settings)),
        ask(NOTES, 10, lambda: {NOTES: service_faults(settings)}),
        ask("stats", 30, partial(lake.stats, presto)),
        # One after the other: all at once would be a load on Presto.
        ask("tables", 4, lambda: table(presto, next(tables))),
        Question("alerts", 60, lambda: board.add_alerts(lake.newest_alerts(presto))),
    ]


def _services(settings: Settings) -> Callable[[], Values]:
    """Return what looks after the services: as processes of this machine, or as the neighbours of a container."""
    if (settings.run_dir / "supervisor.sock").exists():
        return lambda: {state.name: asdict(state) for state in service_states(settings)}
    return Neighbours(settings).states


def topics(settings: Settings) -> Values:
    """Return each topic's end and lag."""
    return {state.name: asdict(state) for state in topic_states(settings, [topic.name for topic in TOPICS], KAFKA_S)}


def table(presto: Presto, asked: Table) -> Values:
    """Return one table's rows, freshness and files."""
    return {asked.full_name: asdict(table_state(presto, asked))}


def disk(settings: Settings) -> Values:
    """Return the room on the disk that the home is on, in bytes."""
    usage = shutil.disk_usage(settings.home)
    return {"free": usage.free, "total": usage.total}


def hdfs(settings: Settings) -> Values:
    """Return what HDFS holds and has room for, in bytes."""
    address = settings.lake.hdfs_http_url
    try:
        answer = call("GET", f"{address}/jmx", params={"qry": NAMENODE}).json()
        bean = answer["beans"][0]
        return {"used": bean["Used"], "free": bean["Free"], "total": bean["Total"]}
    except (ServiceError, ValueError, LookupError) as error:
        raise ServiceError(f"the NameNode at {address} does not answer: {error}") from None


def markets(settings: Settings, scheduler: SchedulerApi) -> Values:
    """Return whether prices and trades are simulated, and why; and since when no price has come.

    The scheduler's file is read first: it stays when the scheduler is down.
    """
    found = Markets.read(settings.run_dir)
    shown: dict[str, Any] = {} if found is None else {"prices": _choice(found.prices), "trades": _choice(found.trades)}
    try:
        shown["fault"] = scheduler.market().fault
    except CoinlakeError:
        shown["fault"] = None  # that it is down is said where the services are
    return shown


async def ask_while_watched(question: Question, audience: Audience, board: Board) -> None:
    """Ask for ever, as long as anybody watches; why there is no answer is put under the question's name."""
    while True:
        await audience.here.wait()
        fault = await _ask(question)
        board.put(FAULTS, {question.name: fault})
        await audience.pause(question.every_s if fault is None else min(question.every_s, AGAIN_S))


async def _ask(question: Question) -> str | None:
    """Ask once; return why there is no answer, None where there is one."""
    try:
        await asyncio.wrap_future(in_background(question.answer))
    except CoinlakeError as error:
        return reason(error)
    except Exception:
        log.exception("asking for %s", question.name)
        return f"{question.name}: no answer; logs/page.log says why"
    return None


def _choice(choice: Choice) -> Values:
    return {"kind": choice.kind, "reason": choice.reason}
