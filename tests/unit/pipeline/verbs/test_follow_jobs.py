"""Following the scheduler's jobs until they are over and their rows can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.errors import PrestoUnreachableError, ServiceError
from pipeline.health.topic_states import Positions
from pipeline.scheduler_api import JobState, SchedulerApi
from pipeline.settings import Settings, load_settings
from pipeline.verbs import init_coin_data, visibility
from pipeline.verbs.console import Stages
from pipeline.verbs.init_coin_data import Ticket, follow, order_jobs, parse
from pipeline.verbs.visibility import wait_until_visible


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path), "COINS": "bitcoin,ethereum"})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_coin_data, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(visibility, "LOOK_AGAIN_S", 0.0)


def scheduler(settings: Settings, *answers: JobState | None) -> SchedulerApi:
    """Return the client of a scheduler that tells these states of a job in turn, None when it is away."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        job = left.pop(0)
        if job is None:
            raise httpx.ConnectError("away")
        return httpx.Response(200, json=asdict(job))

    return SchedulerApi(settings, httpx.MockTransport(answer))


def state(name: str, error: str | None = None) -> JobState:
    return JobState(name, 1, 2, 3, 0, error, None)


def test_a_restart_of_the_scheduler_is_waited_for(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    api = scheduler(settings, state("running"), None, state("done"))
    assert follow(api, Ticket("bitcoin", "1"), Stages()) is True
    assert "bitcoin: done, 3 events" in capsys.readouterr().out


def test_a_failed_job_is_reported(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(scheduler(settings, state("failed", "no source")), Ticket("bitcoin", "1"), Stages()) is False
    assert capsys.readouterr().err == "init_coin_data.sh: bitcoin: no source\n"


def test_a_scheduler_that_stays_away_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_coin_data, "PATIENCE_S", -1.0)
    with pytest.raises(ServiceError, match="away"):
        follow(scheduler(settings, None), Ticket("bitcoin", "1"), Stages())


def test_symbols_are_understood_and_every_coin_is_the_default(settings: Settings) -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.read())
        return httpx.Response(202, json={"job_id": str(len(asked))})

    api = SchedulerApi(settings, httpx.MockTransport(answer))
    assert order_jobs(api, settings, parse(["BTC", "sol", "--to", "2024-01-01"])) == (
        [Ticket("bitcoin", "1"), Ticket("solana", "2")],
        0,
    )
    assert asked[0] == b'{"coin":"bitcoin","from":"2013-01-01","to":"2024-01-01"}'
    tickets, _ = order_jobs(api, settings, parse([]))
    assert [ticket.coin for ticket in tickets] == ["bitcoin", "ethereum"]


class CountingPresto:
    """Gives one pair of counts (silver, hive) after the other; an error is raised."""

    def __init__(self, *answers: tuple[int, int] | Exception) -> None:
        self.answers = list(answers)

    def rows(self, _sql: str, _params: Sequence[object]) -> list[tuple[int, int]]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer]


def test_rows_are_visible_once_the_stream_and_the_published_table_have_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ("coin_events", 0)
    committed = iter([5, 5, 8, 10, 99])
    monkeypatch.setattr(visibility, "_positions", lambda *_: Positions({place: 10}, {place: next(committed)}))
    told: list[tuple[int, int]] = []
    # Silver keeps growing while it is waited for: what it held first is enough.
    lake: Any = CountingPresto(PrestoUnreachableError("u", "c"), (7, 3), (8, 7))
    assert wait_until_visible(settings, lake, ["bitcoin"], lambda done, total, _: told.append((done, total))) == 7
    assert told == [(3, 10), (10, 14)]  # of two halves, so that the share never falls


def test_what_is_missing_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility, "_positions", lambda *_: Positions({}, {}))
    monkeypatch.setattr(visibility, "WITHIN_S", 0.05)
    lake: Any = CountingPresto(*[(1234, 3)] * 100_000)
    with pytest.raises(ServiceError, match=r"coin_data shows 3 of 1,234 rows.*spark\.log"):
        wait_until_visible(settings, lake, ["bitcoin"], lambda *_: None)
