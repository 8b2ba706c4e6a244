"""Trades that the exchange's answers lack: one answer may be wrong, two that agree a while apart are believed."""

from __future__ import annotations

from pipeline.id_ranges import Runs

AGREE_S = 30.0  # how far apart two answers have to be


class TentativeLosses:
    """Which ids an answer lacked, and when; times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._lacked: list[tuple[float, Runs]] = []  # oldest first

    def resting(self, now: float) -> Runs:
        """Return the ids that it is too early to ask for again."""
        return Runs(run for at, runs in self._lacked if at > now - AGREE_S for run in runs)

    def note(self, absent: Runs, now: float) -> None:
        """Note ids that an answer lacked."""
        if absent:
            self._lacked.append((now, absent))

    def confirmed(self, absent: Runs) -> Runs:
        """Return what of these ids a former answer lacked: long enough ago, since no id that rests is asked for."""
        return Runs(run for _, runs in self._lacked for run in runs.common(absent))

    def keep(self, wanted: Runs) -> None:
        """Forget all ids but these."""
        kept = ((at, runs.common(wanted)) for at, runs in self._lacked)
        self._lacked = [(at, runs) for at, runs in kept if runs]
