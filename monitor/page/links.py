"""The addresses of every page that the lake serves, as the page's own visitor reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipeline.services import PAGES, Service
from pipeline.settings import Settings
from pipeline.verbs.announce import DASHBOARD

OURSELVES = "page"
PATHS: Mapping[str, str] = {"scheduler": "/health", "superset": DASHBOARD, "notebook": "/lab"}
"""Where to begin; the notebook asks for its token, which this page does not know."""


def links(settings: Settings) -> list[dict[str, Any]]:
    """Return each page's service, title and place: the port under which this machine serves it, or someone's address.

    The port goes with whatever name the visitor reached this page by.
    """
    return [_link(settings, service) for service in PAGES if service.name != OURSELVES]


def _link(settings: Settings, service: Service) -> dict[str, Any]:
    shown = {"name": service.name, "title": service.page, "path": PATHS.get(service.name, "/")}
    address = {"namenode": settings.lake.hdfs_http_url, "presto": settings.lake.presto_url}.get(service.name)
    here = {settings.local_host, *service.containers.values()}
    if address is None or urlsplit(address).hostname in here:
        return {**shown, "port": settings.port(service.serves_at)}
    return {**shown, "url": address}
