"""The error tree: what the docstring draws is what the classes are."""

from __future__ import annotations

import inspect
import re

import pytest

from analysis import errors as copy_errors
from analysis.forecast import errors as forecast_errors
from analysis.jobs import errors as job_errors
from monitor.notifier import errors as channel_errors
from pipeline import errors
from pipeline.errors import (
    CheckpointMismatchError,
    CoinlakeError,
    FinalSourceError,
    PreflightError,
    RateLimitedError,
    RequestError,
    RetryableSourceError,
    SettingsError,
    SourceError,
    TopicMismatchError,
    UnknownCoinError,
)
from pipeline.host import exposure
from pipeline.verbs.backup import errors as backup_errors

MODULES = (errors, exposure, copy_errors, forecast_errors, job_errors, backup_errors, channel_errors)
DRAWN = re.compile(r"^ {4}(?P<branch>[│├└─ ]*)(?P<name>\w+Error)\b")


def drawn_tree() -> dict[str, str | None]:
    """Return each class of the docstring's picture with its parent there; four columns are one level."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = DRAWN.match(line)
        if match is None:
            continue
        depth = len(match["branch"]) // 4
        path = [*path[:depth], match["name"]]
        parents[match["name"]] = path[-2] if depth else None
    return parents


def classes() -> list[type]:
    """Return each error class of the tree's module, and of those that hold leaves."""
    found = [c for module in MODULES for _, c in inspect.getmembers(module, inspect.isclass)]
    return [c for c in dict.fromkeys(found) if c.__module__ in {module.__name__ for module in MODULES}]


def real_tree() -> dict[str, str | None]:
    """Return the name of each error class with that of its parent."""
    return {c.__name__: None if c is CoinlakeError else c.__mro__[1].__name__ for c in classes()}


def test_drawn_tree_is_the_real_one() -> None:
    assert drawn_tree() == real_tree()


def test_every_class_has_a_docstring() -> None:
    assert [c.__name__ for c in classes() if not inspect.getdoc(c)] == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SettingsError("COINS", "Bit Coin", "a list"), ["COINS", "'Bit Coin'", "a list"]),
        (PreflightError(["no java", "port 1 busy"]), ["no java\nport 1 busy"]),
        (CheckpointMismatchError("/c", "cluster", "abc", "xyz"), ["/c", "cluster abc", "xyz"]),
        (TopicMismatchError("coin_events", ["1 partition, not 3"]), ["coin_events", "1 partition, not 3"]),
        (RateLimitedError("coingecko", 60.0), ["coingecko", "60 s"]),
        (RateLimitedError("coingecko", None), ["coingecko", "without naming a time"]),
        (UnknownCoinError("coingecko", "dodgecoin"), ["coingecko", "'dodgecoin'"]),
        (errors.EventTooLargeError("coin_events", 10_000_000), ["10000000 bytes", "coin_events"]),
    ],
)
def test_message_carries_the_facts(error: CoinlakeError, words: list[str]) -> None:
    assert [word for word in words if word not in str(error)] == []


def test_request_error_carries_its_http_status() -> None:
    assert (RequestError("no such coin").status, RequestError("no such job", 404).status) == (400, 404)


def test_each_source_error_says_whether_a_retry_can_help() -> None:
    below = [c for c in classes() if issubclass(c, SourceError) and c is not SourceError]
    assert below
    for error in below:
        assert issubclass(error, RetryableSourceError) != issubclass(error, FinalSourceError), error
