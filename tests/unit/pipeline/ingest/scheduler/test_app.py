"""The whole scheduler in this process: the real client and the real simulator; only Kafka stands in."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from datetime import datetime

import httpx
import pytest

from pipeline.ingest.scheduler.app import main
from pipeline.settings import CHECKOUT
from tests.support.processes import read_errors_until
from tests.support.scheduler import StandInAdmin, until


def is_daily(event):
    return event.event_time.time() == datetime.min.time()


def polled(running):
    return [item for item in running.kafka.items if not is_daily(item)]


def filled_in(running):
    return [item for item in running.kafka.items if is_daily(item)]


def test_prices_flow_at_once_and_say_that_they_are_simulated(start):
    running = start()
    events = until(lambda: polled(running))
    assert {event.coin for event in events} == {"bitcoin", "ethereum"}
    assert {event.source for event in events} == {"simulator"}
    assert running.client.get("/health").json()["market"] == "simulator"
    assert running.stop() < 2.0


def test_a_history_job_from_2013_to_now_and_a_second_one_that_has_nothing_to_do(start):
    running = start()
    job = running.job(coin="bitcoin", **{"from": "2013-01-01"})
    assert (job["state"], job["message"], job["done"]) == ("done", None, job["total"])
    assert job["events"] == job["total"] > 5000
    assert running.job(coin="bitcoin", **{"from": "2013-01-01"})["events"] == 0
    text = running.client.get("/metrics").text
    assert 'coinlake_history_jobs{state="done"} 2.0' in text


WIDER = {"from": "2023-12-01", "to": "2024-04-30"}  # 31 days before and 30 after the quarter that is there


@pytest.fixture
def with_a_quarter(start):
    """A service that has ethereum's first quarter of 2024 and has done its first poll."""
    running = start()
    until(lambda: polled(running))
    assert running.job(coin="ethereum", **{"from": "2024-01-01", "to": "2024-03-31"})["events"] == 91
    return running


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 1}, {"status": 503}])
def test_a_fault_of_the_market_in_the_middle_of_a_job(with_a_quarter, simulator, fault):
    httpx.post(f"{simulator}/_simulator/faults", json={"path": "market_chart", **fault}).raise_for_status()
    job = with_a_quarter.job(coin="ethereum", **WIDER)
    assert (job["state"], job["events"]) == ("done", 31 + 30)
    days = [item.event_time.date() for item in filled_in(with_a_quarter)]
    assert len(days) == len(set(days)) == 31 + 91 + 30


def test_an_answer_that_is_no_json_fails_the_job_and_the_next_finds_it_all(with_a_quarter, simulator):
    fault = {"path": "market_chart", "status": 200, "body": "<html>"}
    httpx.post(f"{simulator}/_simulator/faults", json=fault).raise_for_status()
    job = with_a_quarter.job(coin="ethereum", **WIDER)
    assert job["state"] == "failed"
    assert "<html>" in job["error"]
    assert with_a_quarter.job(coin="ethereum", **WIDER)["events"] == 31 + 30


def test_a_restart_takes_up_the_job_that_was_cut(start):
    running = start()
    until(lambda: polled(running))
    publish = running.kafka.publish

    def cut(items):
        published = publish(items)
        running.stop_event.set()  # after the first batch
        return published

    running.kafka.publish = cut
    job_id = running.client.post("/history", json={"coin": "bitcoin", "from": "2013-01-01"}).json()["job_id"]
    running.thread.join(10)
    before = filled_in(running)
    again = start()
    job = again.follow(job_id)
    after = filled_in(again)
    assert len(before) == 200
    assert (job["state"], job["events"]) == ("done", job["total"])
    assert len({item.event_time for item in before + after}) == len(before) + len(after) == job["total"]


def test_topics_made_anew_are_filled_anew(start, monkeypatch):
    running = start()
    span = {"from": "2024-01-01", "to": "2024-03-31"}
    assert running.job(coin="bitcoin", **span)["events"] == 91
    monkeypatch.setattr(StandInAdmin, "topic_id", "topic-2")
    assert running.job(coin="bitcoin", **span)["events"] == 91


def test_a_csv_file_twice(start):
    running = start()
    rows = "".join(f"2013-05-{day:02} 00:00:00 UTC,135.5,1500000000.0,0.0\n" for day in range(1, 26))
    content = ("snapped_at,price,market_cap,total_volume\n" + rows).encode()

    def send():
        answer = running.client.post("/history/csv", params={"coin": "bitcoin", "name": "b.csv"}, content=content)
        return running.follow(answer.json()["job_id"])

    assert send()["events"] == 25
    imports = running.service.uploads.folder
    until(lambda: not list(imports.iterdir()) or None)
    second = send()
    until(lambda: not list(imports.iterdir()) or None)
    assert (second["state"], second["events"], second["done"]) == ("done", 0, len(content))


@pytest.fixture
def entered(monkeypatch, environ):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return monkeypatch


def test_a_second_scheduler_refuses_to_start(entered, tmp_path, caplog):
    lock = tmp_path / "run" / "scheduler.lock"
    lock.parent.mkdir()
    with lock.open("w") as file:
        file.write("4711\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main() == 78
    assert "scheduler runs already" in caplog.text


@pytest.mark.parametrize(("name", "value"), [("COINLAKE_API_TOKEN", ""), ("COINLAKE_POLL_SECONDS", "often")])
def test_a_setting_that_cannot_be_used(entered, caplog, name, value):
    entered.setenv(name, value)
    assert main() == 78
    assert name in caplog.text


def test_a_stop_while_waiting_for_kafka(environ):
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.ingest.scheduler.app"],
        env=os.environ | environ | {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        said = read_errors_until(process, "waiting for Kafka")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "SIMULATED MARKET" in said
