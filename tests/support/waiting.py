"""Waiting for something that the engines will do in a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import requests
from prestodb.exceptions import HttpError, PrestoQueryError

T = TypeVar("T")

# What a query may meet while an engine is down on purpose.
ENGINE_AWAY = (PrestoQueryError, HttpError, requests.RequestException)
POLL_S = 1.0  # each look at the lake takes some of the two cores


def wait_until(predicate: Callable[[], T | None], seconds: float, what: str) -> T:
    """Call the predicate until its answer is true and return that answer; an engine that is away counts as no.

    Raises:
        AssertionError: it was not so within `seconds`; the message tells the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer: object = predicate()
            if answer:
                return answer  # type: ignore[return-value]  # the same object, of the predicate's type
        except ENGINE_AWAY as error:
            answer = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last answer: {answer!r}")
        time.sleep(POLL_S)
