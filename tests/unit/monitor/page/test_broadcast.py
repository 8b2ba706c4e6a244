"""Updates, and who has seen which."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from monitor.page import broadcast
from monitor.page.board import Board
from monitor.page.broadcast import KEPT_UPDATES, Audience, Broadcaster


def messages(sent: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    """Return id, event and data of each message."""
    found = []
    for block in sent.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["id"], fields["event"], orjson.loads(fields["data"])))
    return found


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def casting(board: Board) -> Broadcaster:
    return Broadcaster(board, Audience())


def publish(board: Board, casting: Broadcaster, value: int) -> None:
    board.put("x", {"k": value})
    casting.publish()


def test_a_new_viewer_gets_everything_then_what_changes(board: Board, casting: Broadcaster) -> None:
    board.put("x", {"k": 1, "other": 5})
    casting.publish()
    sent, position = casting.since(None)
    ((_, event, data),) = messages(sent)
    assert (event, data["x"]) == ("snapshot", {"k": 1, "other": 5})
    assert casting.since(position) == (b"", position)
    publish(board, casting, 2)
    ((event_id, event, data),) = messages(casting.since(position)[0])
    assert (event, data["x"]) == ("update", {"k": 2})
    assert casting.position(event_id) == casting.since(position)[1]


def test_nothing_new_makes_no_update(casting: Broadcaster) -> None:
    _, position = casting.since(None)
    casting.publish()
    assert casting.since(position) == (b"", position)


def test_all_viewers_get_the_same_bytes(board: Board, casting: Broadcaster, monkeypatch: pytest.MonkeyPatch) -> None:
    serialised: list[Any] = []
    monkeypatch.setattr(broadcast.orjson, "dumps", lambda content: serialised.append(content) or b"{}")
    _, position = casting.since(None)
    publish(board, casting, 1)
    for _ in range(50):
        casting.since(position)
        casting.since(None)
    assert len(serialised) == 3  # the first snapshot, the update, the snapshot after it


def test_who_comes_back_soon_misses_nothing(board: Board, casting: Broadcaster) -> None:
    publish(board, casting, 1)
    position = casting.position(messages(casting.since(None)[0])[0][0])
    publish(board, casting, 2)
    publish(board, casting, 3)
    assert [data["x"]["k"] for _, _, data in messages(casting.since(position)[0])] == [2, 3]


def test_who_has_missed_too_much_gets_everything(board: Board, casting: Broadcaster) -> None:
    _, position = casting.since(None)
    for value in range(1, KEPT_UPDATES + 2):
        publish(board, casting, value)
    ((_, event, data),) = messages(casting.since(position)[0])
    assert (event, data["x"]["k"]) == ("snapshot", KEPT_UPDATES + 1)
    assert len(messages(casting.since(position + 1)[0])) == KEPT_UPDATES


@pytest.mark.parametrize("event_id", ["", "x", "deadbeef-0", "-1", "99"])
def test_positions_of_another_run_mean_nothing(casting: Broadcaster, event_id: str) -> None:
    assert casting.position(event_id) is None


def test_a_position_that_was_not_reached_yet_means_nothing(casting: Broadcaster) -> None:
    run_id = messages(casting.since(None)[0])[0][0].partition("-")[0]
    assert casting.position(f"{run_id}-0") == 0
    assert casting.position(f"{run_id}-7") is None
    assert casting.position(f"{run_id}-{10**4000}") is None
    assert casting.position(f"{run_id}-٣") is None


def test_after_a_pause_without_viewers_everything_is_sent_again(board: Board, casting: Broadcaster) -> None:
    publish(board, casting, 1)
    _, position = casting.since(None)
    casting._start_over()
    ((_, event, data),) = messages(casting.since(position)[0])
    assert (event, "x" in data) == ("snapshot", False)


def test_the_audience_has_left_once_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(broadcast.time, "monotonic", lambda: now[0])
    audience = Audience()
    assert (audience.watched.is_set(), audience.has_left()) == (False, False)
    with audience.viewer():
        assert (audience.watched.is_set(), audience.here.is_set()) == (True, True)
        now[0] += 1000
        assert not audience.has_left()
    assert not audience.has_left()
    now[0] += broadcast.LINGER_S
    assert [audience.has_left(), audience.has_left()] == [True, False]
    assert (audience.watched.is_set(), audience.here.is_set()) == (False, False)


def test_who_pauses_is_free_for_the_next_viewer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "LINGER_S", 0.0)

    async def run() -> None:
        audience = Audience()
        await asyncio.wait_for(audience.pause(1000), 5)  # nobody is here
        with audience.viewer():
            pausing = asyncio.ensure_future(audience.pause(1000))
            await asyncio.sleep(0.02)
            assert not pausing.done()
            await asyncio.wait_for(audience.pause(0.01), 5)
        assert audience.has_left()
        await asyncio.wait_for(pausing, 5)

    asyncio.run(run())


def test_nothing_is_published_while_nobody_watches(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "UPDATE_S", 0.001)
    audience = Audience()
    casting = Broadcaster(board, audience)

    async def run() -> list[int]:
        publishing = asyncio.ensure_future(casting.run())
        board.put("x", {"k": 1})
        await asyncio.sleep(0.05)
        before = casting.since(None)[1]
        with audience.viewer() as news:
            await asyncio.wait_for(news.wait(), 5)
            after = casting.since(None)[1]
        publishing.cancel()
        return [before, after]

    assert asyncio.run(run()) == [0, 1]
