"""What several tests of the trade producer share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.filling import Filling
from tests.support.kafka_client import FakeKafka
from tests.support.trade_lake import Lake, in_memory

Answer = Callable[[httpx.Request], httpx.Response | Exception]


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[Callable[[Answer], Filling]]:
    made: list[Filling] = []

    def make(exchange: Answer) -> Filling:
        made.append(Filling(tmp_path, exchange))
        return made[-1]

    yield make
    for each in made:
        each.kept.store.close()


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    """Stand a Kafka in memory where the producer and a replay look for theirs, and have them hurry."""
    return in_memory(monkeypatch)


@pytest.fixture
def lake(tmp_path: Path, kafka: FakeKafka) -> Lake:
    """Return a service's home and surroundings."""
    return Lake(tmp_path, kafka)
