"""A scheduler in this process, whole but for Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from pipeline.ingest.market_choice import choose
from pipeline.ingest.scheduler.app import Service
from pipeline.settings import load_settings
from tests.support.ingest import FakeKafka

T = TypeVar("T")


class StandInProducer(FakeKafka):
    """Takes the place of the scheduler's `EventProducer`."""

    def __init__(self, _kafka: object, _metrics: object) -> None:
        super().__init__()

    def close(self, timeout_s: float) -> None:
        """Have nothing to flush."""


class StandInAdmin:
    """Takes the place of the scheduler's `KafkaAdmin`; another `topic_id` is a recreated topic."""

    topic_id = "topic-1"

    def __init__(self, _kafka: object) -> None:
        pass

    def identity(self, _topic: str) -> str:
        return f"cluster-1/{self.topic_id}"


class Running:
    """A service in a thread, and a client for it; the stand-ins must be in their places."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        settings = load_settings(environ)
        self.stop_event = threading.Event()
        self.service = Service(settings, choose(settings), self.stop_event)
        producer: object = self.service.producer
        assert isinstance(producer, StandInProducer)
        self.kafka = producer
        token = {"Authorization": f"Bearer {settings.access.api_token.reveal()}"}
        self.client = httpx.Client(base_url=settings.url("scheduler"), headers=token, timeout=30)
        self.thread = threading.Thread(target=self.service.run)
        self.thread.start()
        until(self.answers)

    def answers(self) -> bool:
        """Tell whether the API is there."""
        try:
            return self.client.get("/health").is_success
        except httpx.HTTPError:
            return False

    def job(self, **body: str) -> dict[str, Any]:
        """Order past prices; return the job once it is over."""
        answer = self.client.post("/history", json=body)
        assert answer.status_code == 202, answer.text
        return self.follow(answer.json()["job_id"])

    def follow(self, job_id: str) -> dict[str, Any]:
        """Return the job once it is over."""

        def over() -> dict[str, Any] | None:
            job: dict[str, Any] = self.client.get(f"/jobs/{job_id}").json()
            return job if job["state"] in {"done", "failed"} else None

        return until(over)

    def stop(self) -> float:
        """End the service; return how many seconds that took."""
        start = time.monotonic()
        self.stop_event.set()
        self.thread.join(10)
        self.client.close()
        self.service.store.close()
        return time.monotonic() - start


def until(check: Callable[[], T | None], limit_s: float = 20.0) -> T:
    """Call `check` until its answer is true, and return that answer."""
    deadline = time.monotonic() + limit_s
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found
