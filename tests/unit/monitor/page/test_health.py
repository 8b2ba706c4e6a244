"""What is asked in the background, and what is said where there is no answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.page import health
from monitor.page.board import Board
from monitor.page.broadcast import Audience
from monitor.page.faults import reason
from monitor.page.health import Question, ask_while_watched
from monitor.page.links import links
from monitor.page.neighbours import Neighbours
from pipeline.errors import ServiceError
from pipeline.run_files import Beat, Choice, Markets
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import PAGES, PORT_OFFSETS
from pipeline.settings import Settings, load_settings


def settings(home: Path, **given: str) -> Settings:
    return load_settings({"COINLAKE_HOME": str(home), **given})


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of a server that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no name resolve: on somebody's network one may."""
    look_up = socket.getaddrinfo

    def addresses_alone(host: str, *arguments: Any, **options: Any) -> Any:
        if host.replace(".", "").isdecimal():
            return look_up(host, *arguments, **options)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", addresses_alone)


def asked(question: Question, board: Board, seconds: float = 0.1, *, watched: bool = True) -> None:
    """Ask for a moment, with or without a viewer."""

    async def run() -> None:
        audience = Audience()
        task = asyncio.ensure_future(ask_while_watched(question, audience, board))
        if watched:
            with audience.viewer():
                await asyncio.sleep(seconds)
        else:
            await asyncio.sleep(seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_nothing_is_asked_while_nobody_watches() -> None:
    times: list[int] = []
    asked(Question("x", 0.01, lambda: times.append(1)), Board(), watched=False)
    assert times == []
    asked(Question("x", 0.01, lambda: times.append(1)), Board())
    assert len(times) > 1


def test_why_there_is_no_answer_is_said_until_there_is_one() -> None:
    board, faults = Board(), [ServiceError("away"), ServiceError("away")]

    def answer() -> None:
        if faults:
            raise faults.pop()

    asked(Question("x", 5.0, answer), board)
    assert board.whole()["faults"] == {"x": "away"}
    asked(Question("x", 0.01, answer), board, seconds=1.0)
    assert board.whole()["faults"] == {}


def test_a_bug_in_a_question_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    asked(Question("x", 5.0, lambda: {}["nothing"]), board)
    assert board.whole()["faults"] == {"x": "x: no answer; logs/page.log says why"}
    assert "KeyError" in caplog.text


@pytest.mark.usefixtures("no_names")
def test_every_question_has_an_answer_or_a_reason(tmp_path: Path) -> None:
    """On a machine where no engine runs."""
    board, reasons = Board(), {}
    found = health.questions(settings(tmp_path, COINLAKE_PORT_BASE="1100"), board)
    assert len({question.name for question in found}) == len(found)
    for question in found:
        try:
            question.answer()
        except ServiceError as error:
            reasons[question.name] = reason(error)
    whole = board.whole()
    assert whole["disk"]["total"] > whole["disk"]["free"] > 0
    assert whole["services"] == {}
    assert reasons == {
        "hdfs": "the NameNode at http://127.0.0.1:1170 does not answer",
        "stats": "Presto at http://127.0.0.1:1180 does not answer",
        "alerts": "Presto at http://127.0.0.1:1180 does not answer",
        "topics": "Kafka at 127.0.0.1:1192 does not answer",
    }


def test_the_markets_are_those_of_the_schedulers_file_and_its_fault_the_schedulers(tmp_path: Path) -> None:
    ours = settings(tmp_path)
    answer = {"status": "ok", "market": "live", "trades_market": "live", "market_fault": "none since 08:00"}
    api = SchedulerApi(ours, httpx.MockTransport(lambda _: httpx.Response(200, json=answer)))
    assert health.markets(ours, api) == {"fault": "none since 08:00"}
    Markets(Choice("live", "auto", "it answers"), Choice("simulator", "auto", "it does not")).write(ours.run_dir)
    down = SchedulerApi(ours, httpx.MockTransport(lambda _: httpx.Response(503)))
    assert health.markets(ours, down) == {
        "prices": {"kind": "live", "reason": "it answers"},
        "trades": {"kind": "simulator", "reason": "it does not"},
        "fault": None,
    }


def test_room_is_what_the_namenode_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [{"beans": [{"Used": 1, "Free": 2, "Total": 3, "LiveNodes": "{}"}]}, {"beans": []}]
    monkeypatch.setattr(health, "call", lambda *_, **__: httpx.Response(200, json=answers.pop(0)))
    assert health.hdfs(settings(tmp_path)) == {"used": 1, "free": 2, "total": 3}
    with pytest.raises(ServiceError, match=r"^the NameNode at http://127\.0\.0\.1:18070 does not answer"):
        health.hdfs(settings(tmp_path))


@pytest.mark.usefixtures("no_names")
def test_neighbours_are_seen_where_they_answer_and_stay_listed(tmp_path: Path, listening: int) -> None:
    ours = settings(tmp_path, COINLAKE_PORT_BASE="1100", PRESTO_URL=f"http://127.0.0.1:{listening}")
    Beat.now({}).write(ours.run_dir, "trades")
    neighbours = Neighbours(ours)
    found = neighbours.states()
    assert found.keys() == {"presto", "trades"}
    assert found["presto"] == {
        "name": "presto", "up": True, "pid": None, "url": f"http://127.0.0.1:{listening}", "rss_mb": None,
    }  # fmt: skip
    (ours.run_dir / "trades.json").unlink()
    assert [(state["name"], state["up"]) for state in neighbours.states().values()] == [
        ("presto", True),
        ("trades", False),
    ]


def test_every_page_has_a_link_by_its_port(tmp_path: Path) -> None:
    found = {link["name"]: link for link in links(settings(tmp_path))}
    assert found.keys() == {service.name for service in PAGES} - {"page"}
    assert found["presto"] == {"name": "presto", "title": "Presto", "path": "/", "port": 18080}
    assert found["superset"]["path"].startswith("/superset/dashboard/")
    assert "token" not in str(found)


def test_engines_elsewhere_are_linked_where_they_are(tmp_path: Path) -> None:
    there = settings(tmp_path, PRESTO_URL="https://presto.example", HDFS_HTTP_URL="http://cloudera:18070")
    found = {link["name"]: link for link in links(there)}
    assert found["presto"]["url"] == "https://presto.example"
    assert found["namenode"]["port"] == 18000 + PORT_OFFSETS["namenode_http"]  # published from its container
