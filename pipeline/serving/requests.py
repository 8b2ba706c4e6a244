"""How the Spark job is asked to remove rows, to make gold or maintain tables at once, or to store forecasts.

Whoever asks needs no Spark.
"""

from __future__ import annotations

import re

REQUEST = re.compile(r"(?P<source>[a-z0-9_.-]+)@(?P<coin>[a-z0-9._-]*)")

STEP_REQUEST = re.compile(r"[0-9a-f]{32}")
STATE = "state.json"
"""The file in a request for steps that says how far the work is."""

RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
READY, FAULT = "ready", "fault.txt"
"""Files in the folder of evaluated forecasts: all others are there; why they cannot be stored."""


def request_name(source: str, coin: str | None) -> str:
    """Return the name of a request's folder.

    Raises:
        ValueError: no source or coin can be called so.
    """
    name = f"{source}@{coin or ''}"
    if not REQUEST.fullmatch(name):
        raise ValueError(f"{name!r}: sources and coins are lower-case words such as csv_coingecko and bitcoin")
    return name
