from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.errors import PrestoUnreachableError, RequestError, ServiceError, TableMissingError
from pipeline.host.options import HistoryFile
from pipeline.scheduler_api import EventKey, SchedulerApi
from pipeline.settings import load_settings
from pipeline.verbs import readback
from pipeline.verbs.readback import HistoryWait, push_history, read_back, wait_for_history

NOON = 1_700_000_000_123
KEY = {"coin": "bitcoin", "event_time": NOON, "source": "simulator"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "LOOK_AGAIN_S", 0.001)
    monkeypatch.setattr(readback, "POLL_AGAIN_S", 0.001)


def scheduler(answer: Callable[[httpx.Request], httpx.Response]) -> SchedulerApi:
    settings = load_settings({"COINLAKE_HOME": "/nowhere", "COINLAKE_API_TOKEN": "t0ken"})
    return SchedulerApi(settings, httpx.MockTransport(answer))


class FakePresto:
    """Gives one answer after the other, the last one again and again; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.params: list[Any] = []

    def rows(self, _sql: str, params: Any = ()) -> Any:
        self.params.append(list(params))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def presto(*answers: Any) -> Any:
    return FakePresto(*answers)


def test_read_back_waits_until_a_polled_event_is_a_row() -> None:
    requests = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 1:
            return httpx.Response(409, json={"error": "a poll is under way already"})
        return httpx.Response(200, json={"events": [KEY]})

    lake = presto(
        PrestoUnreachableError("u", "c"),
        TableMissingError("TABLE_NOT_FOUND", "m", None),
        [["bitcoin", NOON - 1, "simulator"], ["bitcoin", NOON, "coingecko"]],
        [["bitcoin", NOON, "simulator"]],
    )
    seen = read_back(scheduler(answer), lake, within_s=5)
    assert seen.key == EventKey("bitcoin", NOON, "simulator")
    assert requests[-1].headers["Authorization"] == "Bearer t0ken"
    assert lake.params[0] == ["2023-11-14 22:13:20.123000"]


def test_read_back_tells_when_nothing_becomes_visible() -> None:
    api = scheduler(lambda _: httpx.Response(200, json={"events": [KEY]}))
    with pytest.raises(ServiceError, match=r"1 events are in Kafka, but Presto shows none .*spark\.log"):
        read_back(api, presto([]), within_s=0.05)


def test_read_back_tells_the_markets_last_fault() -> None:
    api = scheduler(lambda _: httpx.Response(502, json={"error": "coingecko: 500"}))
    with pytest.raises(ServiceError, match=r"no price came from the market in time: the scheduler: coingecko: 500"):
        read_back(api, presto([]), within_s=0.05)


def test_read_back_survives_a_poll_that_is_not_answered() -> None:
    answers = [httpx.ReadTimeout("timed out"), httpx.Response(200, json={"events": [KEY]})]

    def answer(_: httpx.Request) -> httpx.Response:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    assert read_back(scheduler(answer), presto([["bitcoin", NOON, "simulator"]]), within_s=5).key.coin == "bitcoin"


def test_a_silent_scheduler_is_a_service_error() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ServiceError, match="does not answer: refused"):
        scheduler(answer).market()
    with pytest.raises(ServiceError, match="no JSON"):
        scheduler(lambda _: httpx.Response(500, text="<html>")).market()


def job_json(state: str, **more: Any) -> dict[str, Any]:
    return {"job_id": "j1", "state": state, "done": 1, "total": 2, "events": 5, "rejected": 1, "error": None} | more


def test_push_history_sends_the_file_and_follows_the_job(tmp_path: Path) -> None:
    file = tmp_path / "btc.csv"
    file.write_bytes(b"a,b\n1,2\n")
    states = [job_json("queued"), job_json("running"), job_json("done", events=7)]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            assert dict(request.url.params) == {"coin": "bitcoin", "name": "btc.csv"}
            assert request.read() == b"a,b\n1,2\n"
            assert request.headers["Content-Length"] == "8"
            assert "Transfer-Encoding" not in request.headers
            return httpx.Response(202, json={"job_id": "j1"})
        return httpx.Response(200, json=states.pop(0))

    told: list[tuple[int, int, str]] = []
    job = push_history(scheduler(answer), HistoryFile(file, "bitcoin"), lambda *now: told.append(now))
    assert (job.events, job.rejected) == (7, 1)
    assert told == [(1, 2, "5 events"), (1, 2, "5 events")]


def test_push_history_tells_why_a_job_failed(tmp_path: Path) -> None:
    file = tmp_path / "btc.csv"
    file.write_bytes(b"x")

    def answer(request: httpx.Request) -> httpx.Response:
        body = {"job_id": "j1"} if request.method == "POST" else job_json("failed", error="line 3 is no price")
        return httpx.Response(202, content=json.dumps(body))

    with pytest.raises(ServiceError, match=r"history in btc\.csv was not imported: line 3 is no price"):
        push_history(scheduler(answer), HistoryFile(file, "bitcoin"), lambda *_: None)


def test_push_history_passes_a_refusal_on(tmp_path: Path) -> None:
    file = tmp_path / "btc.csv"
    file.write_bytes(b"x")
    api = scheduler(lambda _: httpx.Response(400, json={"error": "unknown header"}))
    with pytest.raises(RequestError, match="unknown header") as refused:
        push_history(api, HistoryFile(file, "bitcoin"), lambda *_: None)
    assert refused.value.status == 400


def waiting(events: int, *, drained: bool = False, within_s: float = 5) -> HistoryWait:
    return HistoryWait("bitcoin", events, lambda: drained, within_s)


def test_wait_for_history_wants_both_tables_complete_and_equal() -> None:
    lake = presto([[4, 2]], [[5, 4]], [[4, 4]], [[5, 5]])
    assert wait_for_history(lake, waiting(5), lambda *_: None) == 5
    assert lake.params[0] == ["bitcoin", "bitcoin"]


def test_wait_for_history_is_over_when_the_stream_is_drained_of_doubles() -> None:
    assert wait_for_history(presto([[4, 3]], [[4, 4]]), waiting(5, drained=True), lambda *_: None) == 4


def test_wait_for_history_tells_what_is_missing_where() -> None:
    with pytest.raises(ServiceError, match=r"coin_prices shows 5, hive\.crypto\.coin_data 4 of 5 rows"):
        wait_for_history(presto([[5, 4]]), waiting(5, drained=True, within_s=0.05), lambda *_: None)
