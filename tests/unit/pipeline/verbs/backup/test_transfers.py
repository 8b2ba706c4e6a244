"""Many files at once: all of them, or the first failure."""

from __future__ import annotations

import hashlib
import time

import pytest

from pipeline.verbs.backup.transfers import Hashed, Progress, for_each


def test_each_item_is_done_and_reported() -> None:
    done: set[int] = set()
    after: set[int] = set()
    for_each(range(50), done.add, after.add)
    assert done == after == set(range(50))


def test_the_first_failure_ends_the_rest() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise RuntimeError
        time.sleep(0.01)
        done.append(item)

    with pytest.raises(RuntimeError):
        for_each(range(1000), work, lambda _item: None)
    assert len(done) < 900


def test_what_passes_through_is_hashed() -> None:
    hashed = Hashed([b"one", b"two"])
    assert b"".join(hashed) == b"onetwo"
    assert (hashed.size, hashed.sha256) == (6, hashlib.sha256(b"onetwo").hexdigest())


def test_progress_adds_up() -> None:
    told: list[tuple[int, int, str]] = []
    progress = Progress(4_000_000, lambda *words: told.append(words))
    progress.add(1_000_000)
    progress.add(2_000_000)
    assert told == [(1_000_000, 4_000_000, "1 of 4 MB"), (3_000_000, 4_000_000, "3 of 4 MB")]
