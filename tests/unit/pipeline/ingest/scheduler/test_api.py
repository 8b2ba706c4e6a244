from __future__ import annotations

import os
import time

import pytest

from pipeline.errors import RetryableSourceError, ServiceError
from pipeline.ingest.scheduler.jobs import Progress
from pipeline.run_files import replace_file
from tests.support.scheduler_api import CSV, TOKEN


def test_the_index_names_the_routes(client):
    assert "POST /history" in client.get("/").json


def test_health_shows_both_markets(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["market"] == "simulator"
    assert answer.json["market_reason"] == "no route"
    assert answer.json["market_fault"] is None
    assert (answer.json["trades_market"], answer.json["trades_market_reason"]) == ("live", "it answers")
    assert answer.json["jobs"]["queued"] == 0


def test_metrics_are_in_prometheus_format(client, deps):
    deps.metrics.show_market("simulator")
    client.post("/poll", headers=TOKEN)
    client.post("/history", headers=TOKEN, json={"coin": "bitcoin", "from": "2013-01-01"})
    text = client.get("/metrics").text
    assert 'coinlake_polls_total{outcome="ok"} 1.0' in text
    assert 'coinlake_polls_total{outcome="skipped"} 0.0' in text
    assert 'coinlake_market{market="simulator"} 1.0' in text
    assert 'coinlake_market{market="live"} 0.0' in text
    assert 'coinlake_history_jobs{state="queued"} 1.0' in text


def test_metrics_of_services_without_a_port_are_shown_while_these_are_up(client, deps):
    def written(service, age_s):
        file = deps.settings.run_dir / f"{service}.prom"
        replace_file(file, f"coinlake_{service}_x 1.0\n".encode())
        os.utime(file, (time.time() - age_s,) * 2)

    assert "_x" not in client.get("/metrics").text
    written("trades", 0)
    written("spark", 60)
    text = client.get("/metrics").text
    assert text.startswith("# HELP coinlake_events_published")
    assert ("coinlake_trades_x 1.0\n" in text, "coinlake_spark_x" in text) == (True, False)


def test_a_poll_returns_its_events(client):
    answer = client.post("/poll", headers=TOKEN)
    assert answer.status_code == 200
    assert answer.json["events"] == [
        {"coin": "bitcoin", "event_time": 1768435200000, "source": "fake"},
        {"coin": "ethereum", "event_time": 1768435200000, "source": "fake"},
    ]


def test_a_poll_during_a_poll_is_409(client, deps):
    with deps.poller._under_way:
        answer = client.post("/poll", headers=TOKEN)
    assert (answer.status_code, answer.json) == (409, {"error": "a poll is under way already"})


@pytest.mark.parametrize(
    ("fault", "status"),
    [(RetryableSourceError("coingecko", "502"), 502), (ServiceError("Kafka did not acknowledge"), 503)],
)
def test_a_poll_that_fails_says_whose_fault_it_is(client, ticker, fault, status):
    ticker.fault = fault
    answer = client.post("/poll", headers=TOKEN)
    assert (answer.status_code, answer.json) == (status, {"error": str(fault)})


def test_a_fault_of_ours_is_a_500_without_details(client, ticker, caplog):
    ticker.fault = ZeroDivisionError("the secret is top-secret")
    answer = client.post("/poll", headers=TOKEN)
    assert (answer.status_code, answer.json) == (500, {"error": "the scheduler failed at this call; its log has more"})
    assert "Traceback" in caplog.text


def test_a_history_job_can_be_followed(client, deps):
    answer = client.post("/history", headers=TOKEN, json={"coin": "bitcoin", "from": "2013-01-01", "to": "2013-12-31"})
    assert answer.status_code == 202
    job_id = answer.json["job_id"]
    job = client.get(f"/jobs/{job_id}").json
    assert (job["state"], job["coin"], job["from"], job["to"]) == ("queued", "bitcoin", "2013-01-01", "2013-12-31")
    deps.worker.run(deps.jobs.get(job_id))
    assert client.get(f"/jobs/{job_id}").json["state"] == "done"
    assert [job["job_id"] for job in client.get("/jobs").json["jobs"]] == [job_id]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{coin", 400, "the body is not JSON"),
        (b"", 400, "the body is not JSON"),
        (b"\xff\xfe", 400, "the body is not JSON"),
        (b"null", 400, "must be a JSON object"),
        (b"[1]", 400, "must be a JSON object"),
        (b'{"coin": "dogecoin", "from": "2013-01-01"}', 400, "COINS"),
        (b'{"coin": "bitcoin", "from": "2027-01-01"}', 400, "future"),
        (b'{"coin": "bitcoin", "from": "2013-01-01", "x": "' + b"x" * 70_000 + b'"}', 413, "exceeds"),
        (b"[" * 60_000, 400, "the body is not JSON"),
    ],
)
def test_a_wrong_history_call_makes_no_job(client, deps, body, status, message):
    answer = client.post("/history", headers=TOKEN, data=body)
    assert answer.status_code == status
    assert message in answer.json["error"]
    assert deps.jobs.latest() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/jobs/no-such", 404), ("get", "/nowhere", 404), ("get", "/history", 405), ("delete", "/jobs", 405)],
)
def test_wrong_addresses_are_json_errors(client, method, path, status):
    answer = getattr(client, method)(path, headers=TOKEN)
    assert answer.status_code == status
    assert answer.json["error"]


def test_a_csv_file_becomes_a_job(client, deps):
    answer = client.post("/history/csv?coin=bitcoin&name=/tmp/btc.csv", headers=TOKEN, data=CSV + b"x" * 100_000)
    assert answer.status_code == 202
    job = deps.jobs.get(answer.json["job_id"])
    assert (job.order.coin, job.order.name, job.progress) == ("bitcoin", "btc.csv", Progress())
    assert len(job.order.sha256) == 64


@pytest.mark.parametrize(
    ("query", "body", "refusal"),
    [
        ("coin=dogecoin", CSV, (400, "COINS")),
        ("", CSV, (400, "'coin' is missing")),
        ("coin=bitcoin", b"", (400, "the file is empty")),
        ("coin=bitcoin&name=a.csv", b"a,b,c\n", (400, "csv: a.csv has a header that nobody knows")),
        ("coin=bitcoin", CSV + b"x" * (1 << 20), (413, "larger than 1,048,576 bytes")),
    ],
)
def test_a_wrong_csv_call_makes_no_job_and_keeps_no_file(client, deps, query, body, refusal):
    answer = client.post(f"/history/csv?{query}", headers=TOKEN, data=body)
    assert answer.status_code == refusal[0]
    assert refusal[1] in answer.json["error"]
    assert deps.jobs.latest() == []
    assert not list(deps.settings.data_dir.rglob("*.csv"))


def test_a_source_can_be_forgotten(client):
    answer = client.post("/history/forget", json={"source": "csv_coingecko", "coin": "bitcoin"}, headers=TOKEN)
    assert (answer.status_code, answer.json) == (200, {"forgotten": 0})
    assert client.post("/history/forget", json={"coin": "bitcoin"}, headers=TOKEN).status_code == 400
    assert client.post("/history/forget", json={"source": "x", "coin": 1}, headers=TOKEN).status_code == 400
    assert client.post("/history/forget", json={"source": "x", "coins": "bitcoin"}, headers=TOKEN).status_code == 400
    assert client.post("/history/forget", json={"source": "x"}).status_code == 401
