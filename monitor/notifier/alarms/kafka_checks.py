"""Whether Kafka answers, how far behind the stream is, and whether data still comes: from offsets, by one consumer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set

from monitor.notifier.alarms.look import Look
from pipeline.errors import ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.events.trades import RAW_TRADES
from pipeline.health.topic_states import OffsetReader
from pipeline.settings.notifications import AlarmBounds

ANSWER_S = 5.0
KAFKA = "service.kafka"  # also what `service_checks.py` says about its process
LAG, SILENCE = "stream.lag.", "feed."
FED_BY = {COIN_EVENTS.name: ("scheduler", "price"), RAW_TRADES.name: ("trades", "frame of the trade feed")}
BROKER, WRITER = "kafka", "spark"

Offsets = Mapping[str, tuple[int, int]]
"""Topic -> how many records were ever appended, and how many of them the tables have."""


def read_offsets(reader: OffsetReader) -> Offsets:
    """Return the offsets of the topics that exist.

    Raises:
        ServiceError: Kafka does not answer.
    """
    states = reader.states([topic.name for topic in TOPICS], ANSWER_S)
    return {
        state.name: (state.end_offset, state.end_offset - state.lag)
        for state in states
        if state.end_offset is not None and state.lag is not None
    }


class KafkaChecks:
    """Compares each look's offsets with the last one's."""

    def __init__(
        self, read: Callable[[], Offsets], bounds: AlarmBounds, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._bounds, self._clock = read, bounds, clock
        self._lags: dict[str, int] = {}
        self._moved: dict[str, tuple[int, float]] = {}  # topic -> its end, and when it was first seen there

    def look(self, excused_services: Set[str]) -> Look:
        """Look once; what follows from services that were stopped on purpose, or are starting, is no fault."""
        try:
            offsets = self._read()
        except ServiceError as error:
            return self._nothing_known({} if BROKER in excused_services else {KAFKA: str(error)})
        faults = {**self._lag_faults(offsets), **self._silence_faults(offsets)}
        excused = {LAG + name for name in offsets} if WRITER in excused_services else set()
        excused |= {SILENCE + topic for topic, (feeder, _) in FED_BY.items() if feeder in excused_services}
        return Look({key: words for key, words in faults.items() if key not in excused}, frozenset(excused))

    def _nothing_known(self, faults: Mapping[str, str]) -> Look:
        self._moved.clear()  # nobody could send, so the silence counts from Kafka's return
        unknown = {KAFKA} | {LAG + topic.name for topic in TOPICS} | {SILENCE + name for name in FED_BY}
        return Look(faults, frozenset(unknown))

    def _lag_faults(self, offsets: Offsets) -> dict[str, str]:
        """A backlog that becomes less is at work, and no fault."""
        before, self._lags = self._lags, {name: end - done for name, (end, done) in offsets.items()}
        bound = self._bounds.lag_records
        return {
            LAG + name: f"the stream is {lag:,} records behind in {name}, and does not catch up"
            for name, lag in self._lags.items()
            if lag > bound and lag >= before.get(name, 0)
        }

    def _silence_faults(self, offsets: Offsets) -> dict[str, str]:
        now = self._clock()
        for name in FED_BY:
            end = offsets.get(name, (0, 0))[0]
            if self._moved.get(name, (-1, 0.0))[0] != end:
                self._moved[name] = (end, now)
        return {
            SILENCE + name: f"no {what} has come for {self._bounds.silence_s // 60} minutes ({name})"
            for name, (_, what) in FED_BY.items()
            if now - self._moved[name][1] >= self._bounds.silence_s
        }
