"""A market made of canned answers: what a source's test puts in place of the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from pipeline.ingest.http import Parts, RetryPolicy
from tests.support.clock import FakeClock

Reply = httpx.Response | Exception


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer with a JSON body; text and bytes go as they are."""
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return httpx.Response(status, content=content, headers=dict(headers or {}))


class Market:
    """Gives its replies in order, or asks a function for each; remembers every request."""

    def __init__(self, replies: Iterable[Reply] | Callable[[httpx.Request], Reply]) -> None:
        self._answer = replies if callable(replies) else self._in_order(list(replies))
        self.requests: list[httpx.Request] = []
        self.clock = FakeClock()

    def parts(self, retry: RetryPolicy | None = None) -> Parts:
        """What to build a source with, so that it talks to this market and never really waits."""
        parts = Parts(
            transport=httpx.MockTransport(self._handle),
            clock=self.clock.time,
            sleep=self.clock.sleep,
            now=self.clock.now,
            uniform=lambda _low, high: high,
        )
        return replace(parts, retry=retry) if retry else parts

    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @staticmethod
    def _in_order(replies: list[Reply]) -> Callable[[httpx.Request], Reply]:
        def answer(request: httpx.Request) -> Reply:
            assert replies, f"one call more than expected: {request.url}"
            return replies.pop(0)

        return answer
