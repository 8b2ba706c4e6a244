"""Whatever fails or crashes: each event arrives at each channel, and once for a receiver that drops repeated keys."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notifier.channels.base import Message
from monitor.notifier.courier import Courier
from monitor.notifier.errors import RetryableChannelError
from monitor.notifier.outbox import Outbox, Recipient
from monitor.notifier.retrying import RetryPolicy
from tests.support.notices import AT, event

CHANNELS = ("one", "two")
IN_MEMORY = Path("/dev/shm")  # each commit waits for the disk, where there is one
ENDLESS = RetryPolicy(attempts=10**9, total_s=1e15)


class Fate(Enum):
    """What happens to one attempt."""

    TAKEN = "taken"
    REFUSED = "not taken, and the answer says so"
    ANSWER_LOST = "taken, but the answer is lost"
    DIES_BEFORE = "the process dies before it is taken"
    DIES_AFTER = "the process dies after it was taken"


class CrashError(BaseException):
    """The process dies: nobody catches that."""


class Peer:
    """A channel whose fate is planned; when the plan is used up, it takes everything."""

    def __init__(self, name: str, plan: list[Fate]) -> None:
        self.name, self._plan = name, plan
        self.bodies: dict[str, set[str]] = {}
        self.raw: Counter[str] = Counter()

    def send(self, message: Message) -> None:
        fate = self._plan.pop(0) if self._plan else Fate.TAKEN
        if fate is Fate.DIES_BEFORE:
            raise CrashError
        if fate is Fate.REFUSED:
            raise RetryableChannelError(self.name, "503")
        self.raw[message.key] += 1
        self.bodies.setdefault(message.key, set()).add(message.body)
        if fate is Fate.DIES_AFTER:
            raise CrashError
        if fate is Fate.ANSWER_LOST:
            raise RetryableChannelError(self.name, "ReadTimeout")

    def close(self) -> None:
        pass


class World:
    """The notifier over its crashes: only the file and the peers stay."""

    def __init__(self, folder: Path, peers: Sequence[Peer]) -> None:
        self._folder, self._peers = folder, peers
        self._time = AT
        self.start()

    def start(self) -> None:
        self._outbox = Outbox(self._folder, [Recipient(peer.name) for peer in self._peers], now=lambda: self._time)
        self._outbox.recover()
        stop = threading.Event()
        self._couriers = [Courier(self._outbox, peer, stop, ENDLESS) for peer in self._peers]

    def put(self, keys: Sequence[int]) -> None:
        """Take events in; a key that comes again is a record that Kafka or the stream sent again."""
        self._outbox.put([(event(f"e{key}", subject=f"s{key % 2}"), False) for key in keys])

    def deliver(self) -> None:
        """Go on until nothing is left to be sent."""
        while self._outbox.counts().keys() - {"sent"}:
            self._time += 1000.0
            for courier in self._couriers:
                try:
                    while courier.step():
                        pass
                except CrashError:
                    self._outbox.close()
                    self.start()
                    break

    def close(self) -> None:
        self._outbox.close()


batches = st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=4)


def delivered(puts: list[list[int]], plans: Sequence[list[Fate]]) -> list[Peer]:
    peers = [Peer(name, list(plan)) for name, plan in zip(CHANNELS, plans, strict=True)]
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        world = World(Path(folder), peers)
        for keys in puts:
            world.put(keys)
            world.deliver()
        world.close()
    return peers


@settings(max_examples=60)
@given(puts=batches, plans=st.tuples(*[st.lists(st.sampled_from(Fate), max_size=8)] * 2))
def test_each_event_arrives_and_once_by_its_key(puts: list[list[int]], plans: Sequence[list[Fate]]) -> None:
    wanted = {f"e{key}" for keys in puts for key in keys}
    for peer, plan in zip(delivered(puts, plans), plans, strict=True):
        assert peer.raw.keys() == wanted
        assert all(len(bodies) == 1 for bodies in peer.bodies.values())  # the same bytes under the same key
        doubtful = sum(fate in {Fate.ANSWER_LOST, Fate.DIES_AFTER} for fate in plan)
        assert peer.raw.total() - len(wanted) <= doubtful


@settings(max_examples=30)
@given(puts=batches, plans=st.tuples(*[st.lists(st.sampled_from([Fate.TAKEN, Fate.REFUSED, Fate.DIES_BEFORE]))] * 2))
def test_without_a_crash_after_it_was_taken_each_arrives_once(
    puts: list[list[int]], plans: Sequence[list[Fate]]
) -> None:
    wanted = {f"e{key}" for keys in puts for key in keys}
    assert [peer.raw for peer in delivered(puts, plans)] == [Counter(wanted)] * 2
