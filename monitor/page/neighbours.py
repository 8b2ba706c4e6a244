"""The services of a lake in containers, as one of them sees the others: by connecting to them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pipeline.engines.local_services import address_of
from pipeline.health.service_states import CONNECT_S
from pipeline.run_files import Beat
from pipeline.services import ALL_SERVICES, SERVING, Service
from pipeline.settings import Settings

Place = tuple[str, int]


class Neighbours:
    """Looks at each service that can be told from here; one that was seen once stays listed when it is gone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: dict[str, str] = {}

    def states(self) -> dict[str, dict[str, Any]]:
        """Return each service's state in the shape of `ServiceState`, without a pid or memory."""
        states = {}
        for service in ALL_SERVICES:
            up, url = self._look(service)
            if up:
                self._seen[service.name] = url
            if service.name in self._seen:
                url = url or self._seen[service.name]
                states[service.name] = {"name": service.name, "up": up, "pid": None, "url": url, "rss_mb": None}
        return states

    def _look(self, service: Service) -> tuple[bool, str]:
        if not service.serves_at:
            return Beat.fresh(self._settings.run_dir, service.name) is not None, ""
        for host, port in self._places(service):
            if _answers(host, port):
                return True, f"{service.scheme}{host}:{port}"
        return False, ""

    def _places(self, service: Service) -> Iterator[Place]:
        """Yield where a service may answer: at the address that the settings give it, else under its container's name.

        Alone among those with an address a DataNode has only its NameNode's.
        """
        if service.tier == SERVING and not self._settings.serving.enabled:
            return
        address = address_of(self._settings, service)
        if not address:
            port = self._settings.port(service.serves_at)
            yield from ((host, port) for host in dict.fromkeys(service.containers.values()))
        elif service.name != "datanode":
            for one in address.rpartition("://")[2].split(","):
                parts = urlsplit(f"//{one}")
                if parts.hostname and parts.port:
                    yield parts.hostname, parts.port


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
