"""The one HTTP client that every market source uses: time limits, retries, exact numbers, errors of our tree."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from pipeline.errors import BadDataError, RateLimitedError, RetryableSourceError
from pipeline.ingest.http_errors import Call, Refusal, error_code, error_of, excerpt
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.own_http import is_near

log = logging.getLogger(__name__)

Json = Any  # a parsed body; every source checks the shape of what it reads
Params = Mapping[str, str | int]

MAX_BODY_BYTES = 32_000_000  # the longest real answer, a daily range since 2013, has 0.6 MB
CALL_LIMIT_S = 60.0  # a whole answer; the limits below are for one step of it
TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
USER_AGENT = "coinlake/0.1"
NOT_JSON = (ValueError, RecursionError, InvalidOperation)  # the last two: nested too deep, an absurd exponent


@dataclass(frozen=True)
class RetryPolicy:
    """How long to insist: at most `attempts` calls, none begun later than `total_s` after the first."""

    attempts: int = 5
    total_s: float = 120.0
    first_wait_s: float = 1.0  # doubles with each attempt
    longest_wait_s: float = 30.0


@dataclass(frozen=True)
class Parts:
    """What a test replaces: the wire, the clocks, the dice. The defaults are the real ones."""

    transport: httpx.BaseTransport | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    uniform: Callable[[float, float], float] = random.uniform
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class Answer:
    """A JSON answer: numbers with a point are Decimal, the others int, so no price is ever a float."""

    body: Json
    headers: Mapping[str, str]


class HttpClient:
    """Reads JSON from one market.

    Redirects are not followed: they would carry the key's header to another host.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        bucket: TokenBucket,
        headers: Mapping[str, str] | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.parts = parts or Parts()
        self._source = source
        self._bucket = bucket
        self._client = httpx.Client(
            transport=self.parts.transport,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            trust_env=not is_near(self.base_url),  # the simulator is not behind the proxy to the world
        )

    def get(self, path: str, params: Params, coin: str | None = None, policy: RetryPolicy | None = None) -> Answer:
        """Return the JSON at `path` (below the base address), retrying what a retry can fix.

        `policy` takes the place of the client's own.

        Raises:
            RetryableSourceError: the attempts or the time ran out; RateLimitedError if the market asked us to wait.
            UnknownCoinError: the market answered 404 and the call was about `coin`.
            RangeNotAllowedError: the key does not reach that far back.
            FinalSourceError: any other refusal, with the remedy where one is known.
            BadDataError: the answer is no JSON, or too long.
        """
        call = Call(self._source, path, coin)
        retry = _Patience(self.parts, policy or self.parts.retry)
        retrying = Retrying(
            retry=retry_if_exception_type(RetryableSourceError),
            wait=retry.wait_s,
            stop=retry.is_over,
            sleep=self.parts.sleep,
            before_sleep=_log_retry,
            reraise=True,
        )
        return retrying(self._get_once, call, params)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _get_once(self, call: Call, params: Params) -> Answer:
        self._bucket.take()
        try:
            with self._client.stream("GET", self.base_url + call.path, params=dict(params)) as response:
                content = self._read(call, response)
        except httpx.TimeoutException as error:
            raise RetryableSourceError(call.source, f"{call.path}: no answer in time") from error
        except httpx.HTTPError as error:
            raise RetryableSourceError(call.source, f"{call.path}: {error or type(error).__name__}") from error
        if not response.is_success:
            refusal = Refusal(response.status_code, response.headers, _json_or_none(content))
            raise error_of(call, refusal, self.parts.now)
        body = _json(call, content)
        if error_code(body):  # a refusal dressed as a success
            raise error_of(call, Refusal(response.status_code, response.headers, body), self.parts.now)
        return Answer(body, response.headers)

    def _read(self, call: Call, response: httpx.Response) -> bytes:
        """Read a body; the client's own limits are per step, so a server that trickles is stopped here."""
        end = self.parts.clock() + CALL_LIMIT_S
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > MAX_BODY_BYTES:
                raise BadDataError(call.source, f"{call.path} answered more than {MAX_BODY_BYTES:,} bytes")
            if self.parts.clock() > end:
                raise RetryableSourceError(call.source, f"{call.path}: no whole answer within {CALL_LIMIT_S:g} s")
        return bytes(content)


class _Patience:
    """Decides, for one call with its retries, how long to wait and when to give up."""

    def __init__(self, parts: Parts, policy: RetryPolicy) -> None:
        self._parts, self._policy = parts, policy
        self._deadline = parts.clock() + policy.total_s

    def wait_s(self, state: RetryCallState) -> float:
        """Return the next wait: exponential with full jitter, on top of what the server asked for."""
        policy = self._policy
        ceiling = min(policy.longest_wait_s, policy.first_wait_s * 2 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            return error.retry_after_s + self._parts.uniform(0, policy.first_wait_s)
        return self._parts.uniform(0, ceiling)

    def is_over(self, state: RetryCallState) -> bool:
        """Tell whether to give up now: also when the wait asked for would end after the deadline."""
        if state.attempt_number >= self._policy.attempts:
            return True
        return self._parts.clock() + state.upcoming_sleep > self._deadline


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; attempt %d, next one in %.1f s", error, state.attempt_number, state.upcoming_sleep)


def _json(call: Call, content: bytes) -> Json:
    try:
        return _exact_json(content)
    except NOT_JSON as error:
        raise BadDataError(call.source, f"{call.path} answered no JSON: {excerpt(content)}") from error


def _json_or_none(content: bytes) -> Json:
    try:
        return _exact_json(content)
    except NOT_JSON:
        return None


def _exact_json(content: bytes) -> Json:
    return json.loads(content, parse_float=Decimal, parse_constant=Decimal)
