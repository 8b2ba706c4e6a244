"""One proof: load, faults round by round, a reader all the while, and the tables in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.verbs.console import Stages
from proof.agreement import differences
from proof.checks import Check, settled
from proof.counts import Counter
from proof.lake import Lake
from proof.load import Load, Made
from proof.reader import Reader, Seen
from proof.schedule import Round

BACK_S = 300.0  # until what is made after a round can be read
FIRST_S = 120.0
MAINTAIN_EVERY = 5  # rounds; the lake's own maintenance goes on besides


@dataclass(frozen=True)
class Survived:
    """A round that the lake got over: what was done, and after how many seconds what was made since could be read."""

    faults: tuple[str, ...]
    back_s: float


@dataclass
class Outcome:
    """What came of a proof."""

    rounds: list[Survived] = field(default_factory=list)
    made: Made | None = None  # in all; None when it ended early
    settled_s: float = 0.0
    checks: list[Check] = field(default_factory=list)
    disagreements: dict[str, str] = field(default_factory=dict)  # between Presto and DuckDB, by table
    seen: Seen = field(default_factory=Seen)
    failure: str = ""  # why it ended early

    @property
    def faults(self) -> int:
        """How many faults the lake got over."""
        return sum(len(each.faults) for each in self.rounds)

    @property
    def holds(self) -> bool:
        """Whether all went as it must."""
        asked = bool(self.checks) and self.seen.answers > 0
        wrong = self.failure or self.seen.faults or self.disagreements
        return asked and not wrong and all(check.holds for check in self.checks)


class Proof:
    """A load on a lake, and what the lake shows of it."""

    def __init__(self, lake: Lake, load: Load, stages: Stages) -> None:
        self._lake, self._load, self._stages = lake, load, stages
        self._counter = Counter(lake, load)

    def run(self, rounds: Sequence[Round], *, two_readers: bool = True) -> Outcome:
        """Do to the lake what the rounds say, under load, and look at what it holds in the end."""
        outcome = Outcome()
        with self._load, Reader(self._counter) as reader:
            outcome.seen = reader.seen
            try:
                self._wait_for_more(Made(0, 0), FIRST_S)
                for number, each in enumerate(rounds, 1):
                    outcome.rounds.append(self._survive(each, f"round {number} of {len(rounds)}"))
                    if number % MAINTAIN_EVERY == 0:
                        self._lake.maintain()
                outcome.made = self._load.stop()
                with at_rest(self._lake):
                    outcome.checks, outcome.settled_s = settled(self._lake, self._counter, outcome.made)
                    if two_readers:
                        outcome.disagreements = differences(self._lake)
            except CoinlakeError as error:
                outcome.failure = str(error)
        return outcome

    def _survive(self, faults: Round, title: str) -> Survived:
        """Let a round's faults happen; return once what was made after them can be read.

        Raises:
            ServiceError: it cannot in time: the lake did not get over it.
        """
        done: list[str] = []
        try:
            for strike in faults:
                time.sleep(strike.wait_s)
                done.append(str(strike.fault))
                strike.fault.strike(self._lake)
            back_s = self._wait_for_more(self._load.made(), BACK_S)
        except CoinlakeError as error:
            raise ServiceError(f"{title}, {'; '.join(done)}: {error}") from error
        made = self._load.made()
        self._stages.say(f"{title}: {'; '.join(done)}")
        self._stages.say(f"  back after {back_s:.0f} s; {made.prices:,} prices, {made.trades:,} trades made")
        return Survived(tuple(done), back_s)

    def _wait_for_more(self, made: Made, seconds: float) -> float:
        """Wait until every table holds more than what was made so far; return how long that took."""
        return sum(
            self._lake.wait_until(
                lambda: self._counter.count(table).keys > self._counter.expected(made, table),  # noqa: B023
                seconds,
                f"read more of {table} than was made before",
            )
            for table in self._counter.tables
        )


@contextmanager
def at_rest(lake: Lake) -> Iterator[None]:
    """Have nobody ask the market for prices during the block."""
    lake.supervisor.stop("scheduler")
    try:
        yield
    finally:
        lake.supervisor.start("scheduler")
