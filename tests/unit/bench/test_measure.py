"""The figures that the benchmarks share."""

from __future__ import annotations

import pytest

from bench import measure
from bench.measure import median_rates


def test_each_way_is_taken_in_turn_and_the_median_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    seconds = {"bare": iter([9.0, 1.0, 2.0]), "ours": iter([4.0, 4.0, 40.0])}

    def timed(send: object) -> float:
        send()  # type: ignore[operator]
        return next(seconds[calls[-1]])

    monkeypatch.setattr(measure, "ROUNDS", 3)
    monkeypatch.setattr(measure, "timed", timed)
    rates = median_rates({name: lambda name=name: calls.append(name) for name in seconds}, count=100)
    assert rates == {"bare": 50.0, "ours": 25.0}
    assert calls == ["bare", "ours"] * 3
