"""Answers that are kept for a while, so that what many viewers want is asked once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pipeline.verbs.background import in_background

Answer = dict[str, Any]
FAILED_S = 3.0


class Remembered:
    """Asks each question at most once in `keep_s`, however many want the answer; a failure is kept for 3 s."""

    def __init__(self, ask: Callable[..., Answer], keep_s: float) -> None:
        self._ask, self._keep_s = ask, keep_s
        self._known: dict[tuple[str, ...], tuple[float, asyncio.Future[Answer]]] = {}

    async def get(self, *key: str) -> Answer:
        """Return the answer for the key; raise `CoinlakeError` as the question does."""
        until, answer = self._known.get(key, (0.0, None))
        if answer is None or time.monotonic() > until:
            answer = asyncio.wrap_future(in_background(partial(self._ask, *key)))
            self._known[key] = (time.monotonic() + self._keep_s, answer)
            answer.add_done_callback(partial(self._shorten, key))
        return await asyncio.shield(answer)

    def _shorten(self, key: tuple[str, ...], answer: asyncio.Future[Answer]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._known[key] = (time.monotonic() + FAILED_S, answer)
