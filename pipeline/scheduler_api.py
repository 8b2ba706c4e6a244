"""The scheduler's HTTP API as the verbs call it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import RequestError, ServiceError
from pipeline.own_http import own_client
from pipeline.settings import Settings

POLL_LIMIT_S = 45.0  # the scheduler answers a poll within this time, if only with what holds it up
ANSWER_S = POLL_LIMIT_S + 15.0  # so we never give up before it has answered
UPLOAD_CHUNK = 1 << 20


@dataclass(frozen=True)
class EventKey:
    """The business key of a price observation; `event_time` in ms since 1970."""

    coin: str
    event_time: int
    source: str


@dataclass(frozen=True)
class MarketInUse:
    """Where prices and trades come from: each is live or simulator, the reasons say why in words."""

    name: str
    reason: str
    trades: str
    trades_reason: str
    fault: str | None = None  # since when no price has come, and why


@dataclass(frozen=True)
class JobState:
    """How far a history job is; `done` and `total` in bytes for a file, `error` when it failed."""

    state: str
    done: int
    total: int
    events: int
    rejected: int
    error: str | None
    message: str | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"done", "failed"}


class SchedulerApi:
    """A client of one scheduler; `transport` is for tests."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self.url = settings.url("scheduler")
        self._client = own_client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {settings.access.api_token.reveal()}"},
            timeout=ANSWER_S,
            transport=transport,
        )

    def market(self) -> MarketInUse:
        """Return the markets in use."""
        health = self._call("GET", "/health")
        return MarketInUse(
            name=str(health["market"]),
            reason=str(health.get("market_reason", "")),
            trades=str(health["trades_market"]),
            trades_reason=str(health.get("trades_market_reason", "")),
            fault=health.get("market_fault"),
        )

    def poll(self) -> list[EventKey]:
        """Poll the market now; return the keys of the events that Kafka has acknowledged.

        Raises:
            RequestError: the scheduler refused; `status` is 409 while another poll runs, 502 for the market's fault.
            ServiceError: the scheduler does not answer.
        """
        events = self._call("POST", "/poll")["events"]
        return [EventKey(event["coin"], event["event_time"], event["source"]) for event in events]

    def order_history(self, coin: str, first: str, last: str | None) -> str:
        """Order a coin's daily prices from `first` to `last` (None: until now); return the id of the job.

        Raises:
            RequestError: the scheduler refused; the message says why.
            ServiceError: the scheduler does not answer.
        """
        order = {"coin": coin, "from": first, **({} if last is None else {"to": last})}
        return str(self._call("POST", "/history", json=order)["job_id"])

    def push_csv(self, path: Path, coin: str) -> str:
        """Hand a file of past prices over; return the id of the job that takes it in."""
        with path.open("rb") as file:
            # The length is told, so that a file too large is refused before it was sent.
            answer = self._call(
                "POST",
                "/history/csv",
                params={"coin": coin, "name": path.name},
                content=iter(lambda: file.read(UPLOAD_CHUNK), b""),
                headers={"Content-Length": str(path.stat().st_size)},
            )
        return str(answer["job_id"])

    def forget(self, source: str, coin: str | None) -> int:
        """Let what came from a source be loaded again, for one coin or all; return how many days and files that is."""
        return int(self._call("POST", "/history/forget", json={"source": source, "coin": coin})["forgotten"])

    def busy_coins(self) -> set[str]:
        """Return the coins of the jobs that are not over."""
        return {str(job["coin"]) for job in self._call("GET", "/jobs")["jobs"] if job["state"] in {"queued", "running"}}

    def job(self, job_id: str) -> JobState:
        """Return how far a job is."""
        answer = self._call("GET", f"/jobs/{job_id}")
        return JobState(
            state=answer["state"],
            done=answer["done"],
            total=answer["total"],
            events=answer["events"],
            rejected=answer["rejected"],
            error=answer.get("error"),
            message=answer.get("message"),
        )

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own options
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServiceError(f"the scheduler at {self.url} does not answer: {error}") from None
        try:
            body = dict(answer.json())
        except (TypeError, ValueError):
            raise ServiceError(
                f"the scheduler answered {method} {path} with {answer.status_code} and no JSON"
            ) from None
        if not answer.is_success:
            raise RequestError(f"the scheduler: {body.get('error', answer.reason_phrase)}", answer.status_code)
        return body
