"""Would the services be open to other machines? None of them speaks TLS, and most ask nobody for a password.

Only the standard library is used: the preflight runs before anything is installed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from pipeline.errors import RefusalError
from pipeline.settings import Settings


class ExposedError(RefusalError):
    """A setting would open services to other machines, without passwords and TLS."""

    def __init__(self, variable: str, host: str) -> None:
        super().__init__(
            f"{variable}={host} would open Kafka, HDFS, Presto and other services, without passwords and TLS, to "
            f"everyone who reaches that address: leave it out and come by an SSH tunnel (see SECURITY.md), or set "
            f"COINLAKE_PRIVATE_NETWORK=true if none but your own machines reach it"
        )


def exposures(settings: Settings) -> Iterator[ExposedError]:
    """Yield an error for each setting that opens services to a network that nobody has vouched for."""
    hosts = {
        "COINLAKE_LISTEN_HOST": settings.listen_host,
        "COINLAKE_ADVERTISED_HOST": settings.topology.advertised_host,  # Kafka's controller and Spark listen there
    }
    for variable, host in hosts.items():
        if not (settings.access.private_network or is_loopback(host)):
            yield ExposedError(variable, host)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
