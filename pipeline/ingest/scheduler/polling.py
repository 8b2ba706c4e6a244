"""The live poll: the newest price of every configured coin into Kafka, once a tick."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.errors import CoinlakeError, RequestError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.scheduler.history import Publisher
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.spooled_publisher import SpooledError
from pipeline.ingest.sources.base import LiveSource

log = logging.getLogger(__name__)

JOB_ID = "poll"
DRAIN_EVERY_S = 5
AFTER_MINUTE_S = 3  # the exchange publishes a minute's candle a moment after its end


class PollUnderWayError(RequestError):
    """A poll was asked for while another one runs."""

    def __init__(self, last_fault: str | None) -> None:
        before = f"; the one before it failed: {last_fault}" if last_fault else ""
        super().__init__(f"a poll is under way already{before}", status=409)


class PollTooSlowError(RequestError):
    """A poll is not over in time; it runs on."""

    def __init__(self, limit_s: float, last_fault: str | None) -> None:
        before = f"; the one before it failed: {last_fault}" if last_fault else ""
        super().__init__(f"the market has not answered within {limit_s:g} s{before}", status=504)


class Poller:
    """Reads the live source and publishes; at most one poll at a time, whoever asks for it."""

    def __init__(
        self,
        source: LiveSource,
        coins: tuple[str, ...],
        publisher: Publisher,
        metrics: Metrics,
        silence_s: float = math.inf,
    ) -> None:
        """Take the parts; without a price for `silence_s` the market counts as silent."""
        self._source, self._coins, self._publisher, self._metrics = source, coins, publisher, metrics
        self._silence_s = silence_s
        self._under_way = threading.Lock()
        self._started = self._last_price = time.time()
        self._last_fault: str | None = None

    def poll(self) -> list[PriceEvent]:
        """Run one poll now; return the events that Kafka has acknowledged.

        Raises:
            PollUnderWayError: another poll runs; this one is counted as skipped.
            SpooledError: Kafka is away; the prices wait on disk, counted as spooled.
            SourceError: the market failed; counted as failed.
        """
        if not self._under_way.acquire(blocking=False):
            self._metrics.polls.labels("skipped").inc()
            raise PollUnderWayError(self._last_fault)
        try:
            with self._metrics.poll_seconds.time():
                events = self._poll()
        except SpooledError:
            self._metrics.polls.labels("spooled").inc()
            raise
        except Exception as error:
            self._metrics.polls.labels("failed").inc()
            self._last_fault = str(error) or type(error).__name__
            if isinstance(error, CoinlakeError):
                self._metrics.count_error("poll", error)
            raise
        finally:
            self._under_way.release()
        self._metrics.polls.labels("ok").inc()
        self._metrics.last_poll.set(time.time())
        self._last_fault = None
        return events

    def poll_within(self, limit_s: float) -> list[PriceEvent]:
        """Run one poll and return as `poll` does, or raise `PollTooSlowError` while it still runs."""
        done: Future[list[PriceEvent]] = Future()

        def run() -> None:
            try:
                done.set_result(self.poll())
            except Exception as error:  # noqa: BLE001  a thread's boundary: handed to who waits
                done.set_exception(error)

        threading.Thread(target=run, name="poll", daemon=True).start()
        try:
            return done.result(limit_s)
        except TimeoutError:
            raise PollTooSlowError(limit_s, self._last_fault) from None

    def silence(self) -> str | None:
        """Return since when no price has come, and why; None while they come."""
        never_one = self._last_price == self._started and self._last_fault is not None
        if not never_one and time.time() - self._last_price <= self._silence_s:
            return None
        since = datetime.fromtimestamp(self._last_price, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return f"no price since {since}: {self._last_fault or 'the market lists none of the coins'}"

    def tick(self) -> None:
        """Run one poll for the clock: nothing that goes wrong in it ends the clock."""
        try:
            events = self.poll()
        except PollUnderWayError:
            log.warning("tick skipped: the poll before it is still under way")
        except SpooledError as error:
            log.warning("polled, but not in Kafka yet: %s", error)
        except CoinlakeError as error:
            log.error("poll failed: %s", error)
        except Exception:  # the tick's boundary: a fault of ours must not end the scheduler
            log.exception("poll failed")
        else:
            log.info("polled %d of %d coins", len(events), len(self._coins))

    def _poll(self) -> list[PriceEvent]:
        items = self._source.prices(self._coins)
        events = [item for item in items if isinstance(item, PriceEvent)]
        if events:
            self._last_price = time.time()
        self._publisher.publish(items)
        return events


def start_clock(poller: Poller, every_s: int, drain: Callable[[], None]) -> BackgroundScheduler:
    """Poll at once and then every `every_s` seconds, and drain what waits for Kafka every few; in threads.

    Shut the returned scheduler down at the end.
    """
    clock = BackgroundScheduler(timezone=UTC)
    clock.add_job(
        drain, IntervalTrigger(seconds=DRAIN_EVERY_S, timezone=UTC), id="drain", coalesce=True, misfire_grace_time=None
    )
    clock.add_job(
        poller.tick,
        IntervalTrigger(seconds=every_s, timezone=UTC),
        id=JOB_ID,
        next_run_time=datetime.now(UTC),
        coalesce=True,  # after a suspended machine wakes up: one tick, not one for each that was missed
        misfire_grace_time=every_s,
        max_instances=2,  # the second one only finds the first still running, and is counted as skipped
    )
    clock.start()
    return clock


def add_minutely(clock: BackgroundScheduler, work: Callable[[], None]) -> None:
    """Have `work` done now and a few seconds into each minute; never twice at a time."""
    clock.add_job(
        work,
        CronTrigger(second=AFTER_MINUTE_S, timezone=UTC),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        misfire_grace_time=60,
        max_instances=1,
    )
