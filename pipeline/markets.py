"""The two kinds of market, and the words for them; standard library only, for the preflight."""

from __future__ import annotations

from urllib.parse import urlsplit

LIVE = "live"
SIMULATOR = "simulator"
"""The simulated market: the kind, and the `source` of every row that it generated."""
COINBASE = "coinbase"
"""The `source` of an exchange's trades."""

LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  # compared, not bound


def same_server(url: str, other: str) -> bool:
    """Tell whether two addresses have the same host and port; all names of this machine are one host."""
    one, two = urlsplit(url), urlsplit(other)
    hosts = {one.hostname, two.hostname}
    return one.port == two.port and bool(one.hostname) and (len(hosts) == 1 or hosts <= LOOPBACK)
