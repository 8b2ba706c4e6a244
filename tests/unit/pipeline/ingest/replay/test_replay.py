"""A replay as Kafka sees it: every row once and in order, whatever interrupts it, at its rate."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.events.candles import BITCOIN_DATA
from pipeline.events.raw import DEAD_LETTERS
from pipeline.ingest.replay.pieces import Order, pieces
from pipeline.ingest.replay.positions import KEPT, Position, PositionFile
from pipeline.ingest.replay.replay import Replay, Schedule
from pipeline.ingest.replay.sources import RowSource, open_file
from tests.support.clock import FakeClock

HEADER = "Timestamp,Open,High,Low,Close,Volume"
START = 1609459200
ORDER = Order("a.csv", "csv_kaggle", "BTC-USD")


class Broker:
    """Stands where the producer does; `dies_at` raises at that record."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.sent: list[tuple[str, bytes, bytes | None]] = []
        self.dies_at = dies_at

    def send(self, topic: str, values: Sequence[bytes], key: bytes | None) -> None:
        for value in values:
            if len(self.sent) == self.dies_at:
                raise KeyboardInterrupt
            self.sent.append((topic, value, key))

    def settle(self, waiting: Callable[[float], None], limit_s: float = 0.0) -> bool:
        return True


@pytest.fixture
def rows(tmp_path: Path) -> RowSource:
    """Ten candles in lines 2 to 12, one every minute; line 5 is none, lines 7 and 8 only repeat the close before."""
    closes = [1, 2, 3, None, 5, 5, 5, 8, 9, 10, 11]
    lines = [
        "half a li" if close is None else f"{START + 60 * n}.0,{close},{close},{close},{close},{int(n not in (5, 6))}"
        for n, close in enumerate(closes)
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEADER, *lines]))
    return open_file(path)


def closes(sent: Sequence[tuple[str, bytes, bytes | None]]) -> list[int]:
    return [int(json.loads(value)["close"]) for topic, value, _ in sent if topic == BITCOIN_DATA.name]


def run(rows: RowSource, broker: Any, folder: Path, rate: float | None = None, order: Order = ORDER) -> Position:
    clock = FakeClock()
    schedule = Schedule(rate, clock.time, clock.sleep)
    return Replay(rows, order, broker, PositionFile(folder, ["a"]), lambda _: None).run(schedule)


def test_a_file_is_sent_once_with_its_bad_rows_as_dead_letters(rows: RowSource, tmp_path: Path) -> None:
    broker = Broker()
    position = run(rows, broker, tmp_path)
    assert closes(broker.sent) == [1, 2, 3, 5, 5, 5, 8, 9, 10, 11]
    assert {key for topic, _, key in broker.sent if topic == BITCOIN_DATA.name} == {b"BTC-USD"}
    (letter,) = (json.loads(value) for topic, value, _ in broker.sent if topic == DEAD_LETTERS.name)
    assert letter == {"origin": "a.csv:5", "reason": "1 fields where the header has 6", "payload": "half a li"}
    assert (position.candles, position.bad, position.is_finished) == (10, 1, True)
    first = json.loads(next(value for topic, value, _ in broker.sent if topic == BITCOIN_DATA.name))
    assert first == {
        "source": "csv_kaggle", "product_id": "BTC-USD", "minute": START * 1000,
        "open": "1", "high": "1", "low": "1", "close": "1", "volume": "1", "is_filled": False,
    }  # fmt: skip


def test_a_finished_replay_sends_nothing_again(rows: RowSource, tmp_path: Path) -> None:
    run(rows, Broker(), tmp_path)
    again = Broker()
    assert run(rows, again, tmp_path).candles == 10
    assert again.sent == []


@pytest.mark.parametrize("dies_at", range(11))
@pytest.mark.parametrize("rate", [None, 10.0, 30.0])
def test_it_resumes_behind_what_was_acknowledged(
    rows: RowSource, tmp_path: Path, dies_at: int, rate: float | None
) -> None:
    before, after = Broker(dies_at), Broker()
    with pytest.raises(KeyboardInterrupt):
        run(rows, before, tmp_path, rate)
    position = run(rows, after, tmp_path, rate)
    together = [*before.sent, *after.sent]
    for topic in (BITCOIN_DATA.name, DEAD_LETTERS.name):
        assert of_topic(topic, together) == of_topic(topic, whole(rows))
    assert (position.candles, position.bad) == (10, 1)
    if rate == 10:
        assert len(together) <= 11 + 1  # a piece is one candle, and the letters before it


def of_topic(topic: str, sent: Sequence[tuple[str, bytes, bytes | None]]) -> list[bytes]:
    """Return a topic's records, each where it came first."""
    return list(dict.fromkeys(value for name, value, _ in sent if name == topic))


def whole(rows: RowSource) -> list[tuple[str, bytes, bytes | None]]:
    """Return what an undisturbed run sends at the rate of one candle a piece."""
    sent: list[tuple[str, bytes, bytes | None]] = []
    for piece in pieces(rows, ORDER, Position(), 1):
        sent += [(DEAD_LETTERS.name, value, None) for value in piece.letters]
        sent += [(BITCOIN_DATA.name, value, b"BTC-USD") for value in piece.candles]
    return sent


def test_filled_rows_are_marked_also_after_a_resume(rows: RowSource) -> None:
    every = list(pieces(rows, ORDER, Position(), 1))
    filled = [json.loads(value)["is_filled"] for piece in every for value in piece.candles]
    assert filled == [False] * 4 + [True, True] + [False] * 4
    for piece in every:
        rest = [value for one in pieces(rows, ORDER, piece.after, 1) for value in one.candles]
        assert rest == [value for one in every for value in one.candles if one.after.done > piece.after.done]


def test_progress_is_by_the_row_within_a_block(rows: RowSource) -> None:
    done = [piece.done / rows.total for piece in pieces(rows, ORDER, Position(), 1)]
    assert (0 < done[0] < 0.3, done[-1]) == (True, 1)
    assert all(0 <= after - before < 0.3 for before, after in pairwise(done))


def test_only_the_minutes_of_the_span_are_sent(rows: RowSource, tmp_path: Path) -> None:
    start, end = (datetime.fromtimestamp(START + 60 * minute, UTC) for minute in (4, 8))
    broker = Broker()
    run(rows, broker, tmp_path, order=replace(ORDER, start=start, end=end))
    assert closes(broker.sent) == [5, 5, 5, 8]


def test_a_rate_spreads_the_candles() -> None:
    clock = FakeClock()
    schedule = Schedule(20.0, clock.time, clock.sleep)
    assert schedule.piece == 2
    times = []
    for _ in range(4):
        schedule.await_turn(2)
        times.append(round(clock.time(), 3))
    assert times == [0.0, 0.1, 0.2, 0.3]


def test_no_burst_follows_an_outage() -> None:
    clock = FakeClock()
    schedule = Schedule(10.0, clock.time, clock.sleep)
    schedule.await_turn(1)
    clock.sleep(60)
    schedule.await_turn(1)
    before = clock.time()
    schedule.await_turn(1)
    assert clock.time() - before == pytest.approx(0.1)


def test_positions_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        PositionFile(tmp_path, [str(number)]).write(Position(done=number))
    file = PositionFile(tmp_path, ["0"])
    file.drop_old()
    assert len(list(tmp_path.glob("*.json"))) == KEPT


def test_a_position_that_cannot_be_read_is_the_start(tmp_path: Path) -> None:
    file = PositionFile(tmp_path, ["a"])
    file.write(Position(done=7, candles=6, bad=1))
    assert file.read() == Position(done=7, candles=6, bad=1)
    (tmp_path / f"{file.key}.json").write_text("{half")
    assert file.read() == Position()
