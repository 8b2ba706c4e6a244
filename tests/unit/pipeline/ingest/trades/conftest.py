"""What several tests of the trade producer share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.filling import Filling

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
