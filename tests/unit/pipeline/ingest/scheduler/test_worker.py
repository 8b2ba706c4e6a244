from __future__ import annotations

import sqlite3
import threading
from datetime import date

import pytest

from pipeline.errors import ServiceError, StoppedError
from pipeline.ingest.scheduler.history import Outcome
from pipeline.ingest.scheduler.jobs import JobStore, Order, Progress, failed, finished
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.store import open_store
from pipeline.ingest.scheduler.worker import Worker

ORDER = Order("bitcoin", date(2013, 1, 1))


@pytest.fixture
def jobs(tmp_path):
    store = open_store(tmp_path / "ledger.db")
    yield JobStore(store)
    store.close()


@pytest.fixture
def run(jobs):
    """Let a worker do one job with the given work; return the job as it stands then."""

    def do(work, job=None):
        worker = Worker(jobs, work, Metrics(), threading.Event())
        job = job or jobs.add(ORDER)
        worker.run(job)
        return jobs.get(job.job_id)

    return do


def test_a_new_job_is_queued(jobs):
    assert jobs.get(jobs.add(ORDER).job_id).to_json() | {"job_id": ""} == {
        "job_id": "",
        "coin": "bitcoin",
        "from": "2013-01-01",
        "to": None,
        "file": None,
        "state": "queued",
        "done": 0,
        "total": 0,
        "events": 0,
        "rejected": 0,
        "error": None,
        "message": None,
    }


def test_an_unknown_job(jobs):
    assert jobs.get("no-such") is None


def test_a_job_runs_and_is_done(run, jobs):
    seen = []

    def work(order, report):
        seen.append((order, jobs.latest()[0].state))
        report(Progress(5, 10, 5, 1))
        seen.append(jobs.latest()[0].progress)
        report(Progress(10, 10, 9, 1))
        return Outcome("no source had 1 day: 2013-01-01")

    job = run(work)
    assert seen == [(ORDER, "running"), Progress(5, 10, 5, 1)]
    assert (job.state, job.progress, job.error) == ("done", Progress(10, 10, 9, 1), None)
    assert job.message == "no source had 1 day: 2013-01-01"


def test_an_outcome_that_failed(run):
    job = run(lambda *_: Outcome("coingecko: cannot connect", failed=True))
    assert (job.state, job.error) == ("failed", "coingecko: cannot connect")


def test_an_error_of_ours_fails_the_job_with_its_message(run):
    def work(_order, report):
        report(Progress(3, 10, 3, 0))
        raise ServiceError("Kafka did not acknowledge")

    job = run(work)
    assert (job.state, job.error, job.progress.done) == ("failed", "Kafka did not acknowledge", 3)


def test_a_fault_of_ours_fails_the_job_and_is_logged_with_its_trace(run, caplog):
    def work(*_):
        raise ZeroDivisionError("oops")

    assert run(work).error == "ZeroDivisionError: oops; the scheduler's log has more"
    assert "Traceback" in caplog.text


def test_a_job_cut_by_the_services_end_stays_running_and_is_taken_up_again(run, jobs):
    def cut(_order, report):
        report(Progress(4, 10, 4, 1))
        raise StoppedError("the service is stopping")

    job = run(cut)
    assert job.state == "running"
    assert [unfinished.job_id for unfinished in jobs.unfinished()] == [job.job_id]

    def rest(_order, report):
        report(Progress(10, 10, 6, 0))
        return Outcome(None)

    assert run(rest, job).progress == Progress(10, 10, 10, 1)  # events of both runs


def test_the_thread_takes_up_what_is_left_then_what_comes_in_order(jobs):
    left = [jobs.add(Order("bitcoin", date(2013, 1, 1))), jobs.add(Order("ethereum", date(2013, 1, 1)))]
    done, finished = [], threading.Event()

    def work(order, _report):
        done.append(order.coin)
        if order.coin == "solana":
            finished.set()
        return Outcome(None)

    tidied = []
    worker = Worker(jobs, work, Metrics(), threading.Event(), after=lambda: tidied.append(len(jobs.unfinished())))
    worker.start()
    last = worker.submit(Order("solana", date(2013, 1, 1)))
    assert finished.wait(10)
    worker.stop(10)
    assert done == ["bitcoin", "ethereum", "solana"]
    assert (len(tidied), tidied[-1]) == (3, 0)  # after each job, once it is written down
    assert [jobs.get(job.job_id).state for job in (*left, last)] == ["done"] * 3
    assert jobs.counts() == {"queued": 0, "running": 0, "done": 3, "failed": 0}


def test_what_is_queued_at_the_end_stays_queued(jobs):
    stop = threading.Event()

    def work(*_):
        stop.set()
        raise StoppedError("the service is stopping")

    jobs.add(ORDER)
    second = jobs.add(ORDER)
    worker = Worker(jobs, work, Metrics(), stop)
    worker.start()
    assert stop.wait(10)
    worker.stop(10)
    assert jobs.get(second.job_id).state == "queued"


def test_a_full_disk_does_not_end_the_thread(jobs, monkeypatch, caplog):
    save, full, done = jobs.save, [True], threading.Event()

    def fail_once(job):
        if full:
            full.pop()
            raise sqlite3.OperationalError("database or disk is full")
        save(job)

    def work(*_):
        done.set()
        return Outcome(None)

    monkeypatch.setattr(jobs, "save", fail_once)
    worker = Worker(jobs, work, Metrics(), threading.Event())
    first, second = worker.submit(ORDER), worker.submit(ORDER)
    worker.start()  # takes both up once more, as after a restart
    assert done.wait(10)
    worker.stop(10)
    assert "disk is full" in caplog.text
    assert jobs.get(second.job_id).state == "done"
    assert jobs.get(first.job_id) is not None


def test_only_the_newest_finished_jobs_are_kept(jobs, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.scheduler.jobs.KEPT_JOBS", 2)
    waiting = jobs.add(ORDER)
    ended = [end(jobs.add(ORDER), "why") for end in (finished, failed, finished, failed)]
    for job in ended:
        jobs.save(job)
    newest = jobs.add(ORDER)
    assert [job.job_id for job in jobs.latest()] == [
        newest.job_id, ended[3].job_id, ended[2].job_id, waiting.job_id
    ]  # fmt: skip
    assert jobs.get(ended[0].job_id) is None
