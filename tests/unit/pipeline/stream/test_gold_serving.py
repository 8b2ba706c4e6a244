"""When a copy of gold is brought up to date."""

from __future__ import annotations

import pytest

from pipeline.stream.gold_serving import LOOK_S, Follower
from tests.support.clock import FakeClock


class Copy:
    """A copy that counts its visits, and can be away."""

    def __init__(self) -> None:
        self.version = 0
        self.syncs = 0
        self.is_away = False
        self.clock = FakeClock()
        self.follower = Follower("rows copied", lambda: self.version, self.sync, self.clock.time)

    def sync(self) -> int:
        self.syncs += 1
        if self.is_away:
            raise ConnectionError("away")
        return 3


def test_a_copy_follows_each_change_of_gold_once() -> None:
    copy = Copy()
    for version in (0, 0, 1, 1, 2):
        copy.version = version
        copy.follower.run()
    assert copy.syncs == 3


def test_a_copy_that_was_away_is_tried_again_without_a_change() -> None:
    copy = Copy()
    copy.is_away = True
    with pytest.raises(ConnectionError):
        copy.follower.run()
    copy.is_away = False
    copy.follower.run()
    copy.follower.run()
    assert copy.syncs == 2


def test_a_copy_is_looked_at_now_and_then_for_it_may_be_another_one() -> None:
    copy = Copy()
    copy.follower.run()
    copy.clock.sleep(LOOK_S - 1)
    copy.follower.run()
    assert copy.syncs == 1
    copy.clock.sleep(2)
    copy.follower.run()
    assert copy.syncs == 2
