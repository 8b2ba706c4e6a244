"""The whole scheduler in this process: the real client, the real simulator, the real script; only Kafka stands in."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import httpx
import pytest

from pipeline import settings as settings_module
from pipeline.ingest import app as app_module
from pipeline.ingest.app import Service, main
from pipeline.ingest.market import choose, open_market
from pipeline.ingest.serving import HttpServer
from pipeline.ingest.simulator.app import create_simulator
from tests.support.ingest import FakeKafka
from tests.support.runner import free_port_base

TOKEN = "test-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


class StandInProducer(FakeKafka):
    def __init__(self, _bootstrap, _metrics):
        super().__init__()

    def close(self, timeout_s):
        pass


class StandInAdmin:
    topic_id = "topic-1"

    def __init__(self, _bootstrap):
        pass

    def identity(self, topic):
        return f"cluster-1/{self.topic_id}"


@pytest.fixture
def environ(tmp_path):
    return {
        "COINLAKE_HOME": str(tmp_path),
        "COINLAKE_API_TOKEN": TOKEN,
        "COINLAKE_PORT_BASE": str(free_port_base()),
        "COINLAKE_MARKET": "simulator",
        "COINS": "bitcoin,ethereum",
    }


@pytest.fixture
def simulator(environ):
    """Serve the simulator; yield its address."""
    settings = settings_module.load(environ)
    server = HttpServer(create_simulator(seed=1), "127.0.0.1", settings.port("simulator"), threads=2)
    server.start()
    yield settings.url("simulator")
    server.stop(5)


class Running:
    """A service in a thread, and a client for it."""

    def __init__(self, environ):
        settings = settings_module.load(environ)
        self.stop_event = threading.Event()
        self.service = Service(settings, open_market(settings, choose(settings)), self.stop_event)
        self.kafka = self.service.producer
        self.client = httpx.Client(base_url=settings.url("scheduler"), headers=AUTH, timeout=30)
        self.thread = threading.Thread(target=self.service.run)
        self.thread.start()
        until(self.answers)

    def answers(self):
        try:
            return self.client.get("/health").is_success
        except httpx.HTTPError:
            return False

    def job(self, **body):
        answer = self.client.post("/history", json=body)
        assert answer.status_code == 202, answer.text
        return self.follow(answer.json()["job_id"])

    def follow(self, job_id):
        return until(lambda: (job := self.client.get(f"/jobs/{job_id}").json())["state"] in {"done", "failed"} and job)

    def stop(self):
        start = time.monotonic()
        self.stop_event.set()
        self.thread.join(10)
        self.client.close()
        self.service.store.close()
        return time.monotonic() - start


@pytest.fixture
def start(environ, simulator, monkeypatch):
    monkeypatch.setattr(app_module, "EventProducer", StandInProducer)
    monkeypatch.setattr(app_module, "KafkaAdmin", StandInAdmin)
    started = []

    def begin(**values):
        started.append(Running(environ | values))
        return started[-1]

    yield begin
    for running in started:
        if running.thread.is_alive():
            running.stop()


def until(check, limit_s=20.0):
    deadline = time.monotonic() + limit_s
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


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
    second = send()
    assert (second["state"], second["events"], second["done"]) == ("done", 0, len(content))


def script(environ, *words):
    return subprocess.run(
        ["pipeline/init/init_coin_data.sh", *words],
        env=os.environ | environ | {"COINLAKE_PYTHON": sys.executable, "http_proxy": "http://127.0.0.1:1"},
        cwd=settings_module.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_script_fills_in_every_coin_and_a_file(start, environ, tmp_path):
    start()
    ended = script(environ, "--from", "2024-01-01", "--to", "2024-03-31")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 91 events" in ended.stdout
    assert "ethereum: done, 91 events" in ended.stdout
    file = tmp_path / 'a "file", with {odd} name.csv'
    file.write_text("snapped_at,price,market_cap,total_volume\n2013-05-01 00:00:00 UTC,135.5,,\n")
    ended = script(environ, "--csv", str(file), "--coin", "bitcoin")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "bitcoin: done, 1 events" in ended.stdout


def test_the_script_passes_errors_on(start, environ):
    start()
    ended = script(environ, "bitcoin", "dogecoin", "--from", "2024-03-31", "--to", "2024-03-31")
    assert ended.returncode == 1
    assert "bitcoin: done, 1 events" in ended.stdout
    assert "'dogecoin' is not in the setting COINS" in ended.stderr


def test_the_script_without_a_scheduler(environ):
    ended = script(environ, "bitcoin")
    assert ended.returncode == 1
    assert "the scheduler does not answer: pipeline/scripts/pipeline_setup.sh starts it" in ended.stderr


@pytest.mark.parametrize(
    "words", [["--from"], ["--nonsense"], ["--csv", "/nowhere", "--coin", "bitcoin"], ["--coin", "bitcoin"]]
)
def test_the_script_refuses_wrong_words(environ, words):
    assert script(environ, *words).returncode == 1


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
    assert "process 4711 runs there" in caplog.text


@pytest.mark.parametrize(("name", "value"), [("COINLAKE_API_TOKEN", ""), ("COINLAKE_POLL_SECONDS", "often")])
def test_a_setting_that_cannot_be_used(entered, caplog, name, value):
    entered.setenv(name, value)
    assert main() == 78
    assert name in caplog.text


def test_a_stop_while_waiting_for_kafka(environ):
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.ingest.app"],
        env=os.environ | environ | {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        cwd=settings_module.CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        lines = []
        while "waiting for Kafka" not in "".join(lines):
            line = process.stderr.readline()
            assert line, "".join(lines)
            lines.append(line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert any("SIMULATED MARKET" in line for line in lines)
