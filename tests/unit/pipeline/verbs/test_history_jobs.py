from __future__ import annotations

import json
from dataclasses import asdict

import httpx
import pytest

from pipeline.errors import ServiceError
from pipeline.scheduler_api import JobState, SchedulerApi
from pipeline.settings import Settings, load_settings
from pipeline.verbs import history_jobs
from pipeline.verbs.history_jobs import Ticket, follow, main, range_calls, read_tickets


@pytest.fixture
def settings(tmp_path):
    return load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_API_TOKEN": 'a"b\\c', "COINS": "bitcoin,ethereum"})


def test_one_call_for_each_configured_coin_with_the_token_quoted(settings):
    calls = range_calls(settings, "2013-01-01", "").split("next\n")
    assert len(calls) == 2
    for call, coin in zip(calls, ("bitcoin", "ethereum"), strict=True):
        assert r'header = "Authorization: Bearer a\"b\\c"' in call.splitlines()
        assert r'data-binary = "{\"coin\": \"' + coin + r'\", \"from\": \"2013-01-01\"}"' in call.splitlines()


def test_named_coins_and_an_end(settings):
    (call,) = range_calls(settings, "2013-01-01", "2013-12-31", "solana").split("next\n")
    assert "solana" in call
    assert "2013-12-31" in call


def test_jobs_and_refusals_are_told_apart():
    answers = '{"job_id": "1", "coin": "bitcoin"}\n\n{"error": "no"}\n'
    assert read_tickets(answers) == ([Ticket("bitcoin", "1")], ["no"])


@pytest.mark.parametrize("answer", ["<html>", "[1]", "{}", '"text"', "null"])
def test_another_server_on_the_port(answer):
    with pytest.raises(ServiceError, match="no answer of the scheduler"):
        read_tickets(answer)


def test_an_error_is_one_line_and_exit_code_1(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    assert main(["follow", "<html>"]) == 1
    assert capsys.readouterr().err.startswith("init_coin_data.sh: this is no answer")


def scheduler(settings: Settings, *answers: JobState | None) -> SchedulerApi:
    """Return the client of a scheduler that tells these states of a job in turn, None when it is away."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        job = left.pop(0)
        if job is None:
            raise httpx.ConnectError("away")
        return httpx.Response(200, json=asdict(job))

    return SchedulerApi(settings, httpx.MockTransport(answer))


def state(name, error=None):
    return JobState(name, 1, 2, 3, 0, error, None)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(history_jobs, "LOOK_AGAIN_S", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_restart_of_the_scheduler_is_sat_out_and_a_failure_ends_no_other_job(settings, capsys):
    from pipeline.verbs.console import Stages

    api = scheduler(settings, state("running"), None, state("failed", "no source answered"), state("done"))
    assert follow(api, [Ticket("bitcoin", "1"), Ticket("ethereum", "2")], Stages()) is False
    told = capsys.readouterr()
    assert "ethereum: done, 3 events" in told.out
    assert told.err == "init_coin_data.sh: bitcoin: no source answered\n"


@pytest.mark.usefixtures("at_once")
def test_a_scheduler_that_stays_away_is_an_error(settings, monkeypatch):
    from pipeline.verbs.console import Stages

    monkeypatch.setattr(history_jobs, "PATIENCE_S", -1.0)
    with pytest.raises(ServiceError, match="away"):
        follow(scheduler(settings, None), [Ticket("bitcoin", "1")], Stages())


def test_the_body_is_json(settings):
    line = next(line for line in range_calls(settings, 'x"', "", "b").splitlines() if line.startswith("data-binary"))
    assert json.loads(json.loads(line.removeprefix("data-binary = "))) == {"coin": "b", "from": 'x"'}
