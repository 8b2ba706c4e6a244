"""Which services run on this machine under these settings."""

from __future__ import annotations

from operator import attrgetter
from urllib.parse import urlsplit

from pipeline.markets import LIVE
from pipeline.services import ALL_SERVICES, SERVING, Service
from pipeline.settings import Settings


def services_here(settings: Settings, *, notebook: bool = True) -> tuple[str, ...]:
    """Return the services to run on this machine, in the order in which they become ready.

    An engine whose address setting points elsewhere is someone else's and left out; so is the simulator when only the
    live market may be used.
    """
    left_out = {service.name for service in ALL_SERVICES if not is_ours(settings, service)}
    if settings.markets.mode == LIVE and settings.markets.exchange.named is not settings.markets.exchange.simulator:
        left_out.add("simulator")
    if not settings.serving.enabled:
        left_out.update(service.name for service in ALL_SERVICES if service.tier == SERVING)
    if not settings.serving.dashboards:
        left_out.add("superset")
    if not notebook:
        left_out.add("notebook")
    return tuple(service.name for service in ALL_SERVICES if service.name not in left_out)


def is_ours(settings: Settings, service: Service) -> bool:
    """Tell whether a service runs on this machine, going by its address."""
    if not service.address:
        return True
    address = address_of(settings, service)
    netloc = urlsplit(address if "://" in address else f"//{address}").netloc
    return netloc == f"{settings.local_host}:{settings.port(service.address_port)}"


def address_of(settings: Settings, service: Service) -> str:
    """Return the address that the settings give a service which may be someone else's; empty for any other."""
    return str(attrgetter(service.address)(settings)) if service.address else ""
