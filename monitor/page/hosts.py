"""Which names a request may be addressed to.

A page elsewhere can have its own name resolve to this machine and would then read ours as if it were its own (DNS
rebinding). Its requests carry its name; ours carry an address, localhost or the machine's own name.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cache


def is_ours(host: str, listen_host: str) -> bool:
    """Tell whether the `Host` of a request is one of this machine's; an address is nobody's name."""
    name = _without_port(host)
    return _is_address(name) or name in _names(listen_host)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@cache
def _names(listen_host: str) -> frozenset[str]:
    return frozenset({"localhost", listen_host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()})
