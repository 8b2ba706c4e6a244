"""How the verbs' lines look, natively and in containers; only the standard library is used here."""

from __future__ import annotations


def stage_line(seconds: float, words: str) -> str:
    """Return the line of a stage that took so long."""
    return f"{seconds:7.1f} s  {words}"
