"""Asking before something that cannot be undone."""

from __future__ import annotations

import sys


def confirmed(name: str, question: str) -> bool:
    """Return whether the user at the terminal says yes; elsewhere print how a script called `name` says it."""
    if not sys.stdin.isatty():
        print(f"{name}: this asks on a terminal; elsewhere add --yes", file=sys.stderr)  # noqa: T201
        return False
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
