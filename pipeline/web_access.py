"""Who may call an HTTP server of ours, by the host it was called by and the token sent; what each answer forbids.

Only the standard library is used here, so that servers of any framework can.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from pipeline.settings import Settings
from pipeline.settings.values import Secret

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that need no token."""

CHALLENGE: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})
"""What an answer 401 carries."""

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)
"""What every answer that is data, not a page, carries: no browser shows, embeds, guesses or keeps it."""


def is_own_host(header: str | None, names: Collection[str]) -> bool:
    """Tell whether a Host header names this server: by an IP address, by localhost, or by one of these names.

    A web page whose own name was made to lead here (DNS rebinding) sends that name; it cannot send an address. A
    request without the header is not from a browser.
    """
    if header is None:
        return True
    try:
        parts = urlsplit(f"//{header}")
    except ValueError:
        return False
    if parts.netloc != header or "@" in header:
        return False
    host = (parts.hostname or "").removesuffix(".")
    return host in {"localhost", *(name.lower() for name in names)} or _is_address(host)


def own_names(settings: Settings) -> frozenset[str]:
    """Return the names by which the lake's servers may be called: those of its machines, and those the user adds."""
    topology = settings.topology
    return frozenset(
        {topology.advertised_host, topology.simulator_host, settings.listen_host, *settings.access.own_names}
    )


def token_matches(header: str | None, token: Secret) -> bool:
    """Compare an Authorization header with a token, in the same time whatever is wrong with it; no token fits none."""
    expected = f"Bearer {token.reveal()}".encode()
    return hmac.compare_digest((header or "").encode(), expected) and bool(token)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
