"""The one thread that works off the jobs: one at a time, so that the markets' rate limits hold."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import replace

from pipeline.errors import CoinlakeError, StoppedError
from pipeline.ingest.scheduler.history import Outcome
from pipeline.ingest.scheduler.jobs import RUNNING, Job, JobStore, Order, Progress, failed, finished
from pipeline.ingest.scheduler.metrics import Metrics

log = logging.getLogger(__name__)

Work = Callable[[Order, Callable[[Progress], None]], Outcome]
"""Does what an order says and reports on the way; events and rejected in its reports count from 0."""


class Worker:
    """Takes jobs in the order they came; those that a restart cut are taken up again first."""

    def __init__(
        self,
        jobs: JobStore,
        work: Work,
        metrics: Metrics,
        stop: threading.Event,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts; `after` is called when a job has ended and is written down."""
        self._jobs, self._work, self._metrics, self._stop, self._after = jobs, work, metrics, stop, after
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A daemon: a source that sleeps out a rate limit must not hold up the service's end; the job is resumed.
        self._thread = threading.Thread(target=self._loop, name="history", daemon=True)

    def start(self) -> None:
        """Take up what is unfinished, then wait for more."""
        for job in self._jobs.unfinished():
            log.info("taking up job %s (%s) again", job.job_id, job.order.coin)
            self._queue.put(job.job_id)
        self._thread.start()

    def submit(self, order: Order) -> Job:
        """Write down a job and queue it."""
        job = self._jobs.add(order)
        self._queue.put(job.job_id)
        return job

    def stop(self, timeout_s: float) -> None:
        """Ask the running job to stop and wait a little; it resumes at the next start."""
        self._stop.set()
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        while (job_id := self._queue.get()) is not None and not self._stop.is_set():
            try:
                job = self._jobs.get(job_id)
                if job is not None:
                    self.run(job)
                    self._after()
            except Exception:  # the loop's boundary: a full disk ends this job's book-keeping, not the thread
                log.exception(
                    "job %s: it cannot be written down how it stands; it is resumed at the next start", job_id
                )

    def run(self, job: Job) -> None:
        """Do one job and write down how it ended; only the service's own end leaves it running."""
        current = replace(job, state=RUNNING)
        self._jobs.save(current)

        def report(progress: Progress) -> None:
            nonlocal current
            current = replace(current, progress=_since(job.progress, progress))
            self._jobs.save(current)

        try:
            outcome = self._work(job.order, report)
        except StoppedError as error:
            log.info("job %s: %s; it resumes at the next start", job.job_id, error)
            return
        except CoinlakeError as error:
            log.error("job %s failed: %s", job.job_id, error)
            self._metrics.count_error("history", error)
            self._jobs.save(failed(current, str(error)))
        except Exception as error:  # the job's boundary: a fault of ours must not end the thread
            log.exception("job %s failed", job.job_id)
            self._jobs.save(failed(current, f"{type(error).__name__}: {error}; the scheduler's log has more"))
        else:
            self._end(current, outcome)

    def _end(self, job: Job, outcome: Outcome) -> None:
        if outcome.failed:
            log.error("job %s failed: %s", job.job_id, outcome.message)
            self._jobs.save(failed(job, outcome.message or "no source answered"))
            return
        log.info("job %s done: %s, %d events", job.job_id, job.order.coin, job.progress.events)
        self._jobs.save(finished(job, outcome.message))


def _since(before: Progress, now: Progress) -> Progress:
    """Add what a cut run has published already."""
    return replace(now, events=before.events + now.events, rejected=before.rejected + now.rejected)
