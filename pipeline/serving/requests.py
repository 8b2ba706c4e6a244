"""How the Spark job is asked to remove a source's rows; what asks needs no Spark."""

from __future__ import annotations

import re

REQUEST = re.compile(r"(?P<source>[a-z0-9_.-]+)@(?P<coin>[a-z0-9._-]*)")


def request_name(source: str, coin: str | None) -> str:
    """Return the name of a request's folder.

    Raises:
        ValueError: no source or coin can be called so.
    """
    name = f"{source}@{coin or ''}"
    if not REQUEST.fullmatch(name):
        raise ValueError(f"{name!r}: sources and coins are lower-case words such as csv_coingecko and bitcoin")
    return name
