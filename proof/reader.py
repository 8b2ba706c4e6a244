"""A reader of the tables that must see nothing of all this: no count that falls, no row twice, no broken file."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from pipeline.errors import CoinlakeError, PrestoUnreachableError
from proof.counts import Count, Counter

PAUSE_S = 2.0  # at least, between two rounds of questions
SHARE = 0.25  # of the time that questions may take: the machine has other work
AWAY = (
    "connect",  # "Connection refused", "Failed connecting to Hive metastore", "Call From ... failed on connection ..."
    "could not obtain block",  # the DataNode is away
    "safe mode",
    "metastore",
    "timed out",
    "timeout",
    "no nodes available",
    "no worker nodes",
    "abandoned",  # Presto was killed with the query
    "server is shutting down",
    "has died",
    "encountered too many errors talking to a worker node",
    "premature eof",  # from the DataNode
    "filesystem closed",
    "server has been restarted",
    "end of file exception",
    "broken pipe",
    "reset by peer",
)
"""What Presto says, in any case, of an engine that is away. Everything else is a fault of what it reads."""


@dataclass
class Seen:
    """What the reader saw: answers, how long it waited for one at most, and what must not be."""

    answers: int = 0
    refusals: int = 0  # while an engine was away
    longest_blind_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Reader:
    """Counts the rows of each table again and again in a thread, from entering the block to its end."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.seen = Seen()
        self._known: dict[str, Count] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._read, name="reader")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def look(self) -> None:
        """Count each table once, and note what is wrong."""
        for table in self._counter.tables:
            try:
                now = self._counter.count(table)
            except CoinlakeError as error:
                if is_away(error):
                    self.seen.refusals += 1
                else:
                    self.seen.faults.append(f"{table}: {error}")
                continue
            before = self._known.get(table, Count(0, 0))
            if now.rows != now.keys:
                self.seen.faults.append(f"{table}: {now.rows} rows of {now.keys} keys")
            if now.keys < before.keys:
                self.seen.faults.append(f"{table}: {now.keys} keys after {before.keys}")
            self._known[table] = now
            self.seen.answers += 1

    def _read(self) -> None:
        answered = time.monotonic()
        while not self._end.is_set():
            begun, answers = time.monotonic(), self.seen.answers
            self.look()
            ended = time.monotonic()
            if self.seen.answers > answers:
                self.seen.longest_blind_s = max(self.seen.longest_blind_s, ended - answered)
                answered = ended
            self._end.wait(max(PAUSE_S, (ended - begun) * (1 - SHARE) / SHARE))


def is_away(error: CoinlakeError) -> bool:
    """Tell whether a question failed for an engine that does not answer, not for what the tables hold."""
    return isinstance(error, PrestoUnreachableError) or any(word in str(error).lower() for word in AWAY)
