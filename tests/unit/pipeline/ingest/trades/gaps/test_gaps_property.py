"""Whatever is dropped, repeated, late or out of order: all ids are accounted for, only dropped ones are gaps."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pipeline.id_ranges import Runs, runs_of
from tests.support.gaps import BTC, Watched

FATES = ("arrives",) * 6 + ("repeated", "dropped", "dropped", "late")
START = 100


@dataclass
class Session:
    """Which ids come, and how."""

    batches: list[dict[int, str]]  # a fate for each id; batches lie further apart than the settle time
    dice: random.Random


@st.composite
def sessions(draw) -> Session:
    sizes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=6))
    fates = draw(st.lists(st.sampled_from(FATES), min_size=sum(sizes), max_size=sum(sizes)))
    ids = iter(enumerate(fates, start=START + 1))
    batches = [dict(next(ids) for _ in range(size)) for size in sizes]
    return Session(batches, random.Random(draw(st.integers(0, 10**6))))


def in_time(session: Session) -> list[list[int]]:
    """The frames of each batch, in any order."""
    orders = []
    for batch in session.batches:
        frames = [trade_id for trade_id, fate in batch.items() if fate in {"arrives", "repeated"}]
        frames += [trade_id for trade_id, fate in batch.items() if fate == "repeated"]
        session.dice.shuffle(frames)
        orders.append(frames)
    return orders


def numbers(runs) -> set[int]:
    return {number for first, last in runs for number in range(first, last + 1)}


@given(sessions())
def test_gaps_are_what_did_not_come_in_time(session):
    watched, dice = Watched(), session.dice
    watched.seen(START)
    came = {START}
    for frames in in_time(session):
        watched.seen(*frames)
        came |= set(frames)
        watched.settle()
    newest = max(came)
    everything = set(range(START, newest + 1))
    expected = list(runs_of(everything - came))
    assert [(state.from_id, state.to_id) for state in watched.states.values()] == expected
    assert numbers(watched.missing()) == everything - came

    late = [number for batch in session.batches for number, fate in batch.items() if fate == "late" and number < newest]
    watched.seen(*late)
    left = sorted(everything - came - set(late))
    fetched = dice.sample(left, len(left) // 2)
    lost = dice.sample(sorted(set(left) - set(fetched)), len(left) // 4)
    watched.detector.sending(BTC, fetched)
    acknowledged = [*came, *late, *fetched]
    dice.shuffle(acknowledged)
    watched.detector.acknowledged(BTC, acknowledged)
    watched.detector.lose(BTC, runs_of(lost), "gone")
    watched.changes()

    states = watched.states.values()
    assert [(state.from_id, state.to_id) for state in states] == expected, "a gap keeps its span"
    assert sum(state.filled for state in states) == len(late) + len(fetched)
    assert sum(state.lost for state in states) == len(lost)
    assert set(acknowledged) | set(lost) | numbers(watched.missing()) == everything
    assert len(acknowledged) + len(lost) + len(numbers(watched.missing())) == len(everything)
    assert watched.low() == newest
    for state in states:
        ids = set(range(state.from_id, state.to_id + 1))
        still = ids & numbers(watched.missing())
        assert state.status == ("open" if still else "lost" if ids & set(lost) else "filled")
        assert (state.closed_at is None) == bool(still)
        assert state.filled == len(ids & set(acknowledged))


@given(sessions(), st.integers(0, 200), st.floats(0, 1))
def test_a_crash_at_any_time_loses_nothing(session, crash_after, acknowledged_part):
    before, after = Watched(), Watched()
    frames = [frame for frames in in_time(session) for frame in frames]
    crash_after = min(crash_after, len(frames))
    before.seen(START)
    before.detector.acknowledged(BTC, [START])
    in_kafka = {START}
    for number, frame in enumerate(frames[:crash_after]):
        before.seen(frame)
        if session.dice.random() < acknowledged_part:
            before.detector.acknowledged(BTC, [frame])
            in_kafka.add(frame)
        if number % 7 == 0:
            before.clock.sleep(1)
            before.detector.settle()
    saved = before.detector.take_changes()  # nothing else is left of it

    after.detector.restore(saved.low_water, saved.gaps)
    newest = START + sum(len(batch) for batch in session.batches) + 1
    rest = [*frames[crash_after:], newest]
    after.seen(*rest)
    after.detector.acknowledged(BTC, rest)
    in_kafka |= set(rest)
    after.settle()
    missing = numbers(after.missing())
    assert in_kafka | missing == set(range(START, newest + 1))
    assert after.low() == newest
    restarted = [state for state in after.states.values() if state.reason == "restart"]
    assert all(state.from_id > saved.low_water[BTC] for state in restarted)
    spans = Runs((gap.runs[0][0], gap.runs[-1][1]) for gap in after.detector.wanted() if gap.runs)
    assert numbers(spans) >= missing
