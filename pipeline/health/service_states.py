"""Which services are up, and what memory they hold."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil

from pipeline.engines import supervisor
from pipeline.engines.leftovers import leftovers
from pipeline.engines.local_services import address_of, is_ours, services_here
from pipeline.errors import ServiceError
from pipeline.health import probes
from pipeline.services import ALL_SERVICES, BY_NAME, SERVICES, SERVING
from pipeline.settings import Settings

CONNECT_S = 1.0
MIB = 1024**2


@dataclass(frozen=True)
class ServiceState:
    """One service; `rss_mb` is the resident memory of its process and all below it, in MiB."""

    name: str
    up: bool
    pid: int | None
    url: str
    rss_mb: int | None


def service_states(settings: Settings) -> list[ServiceState]:
    """Return every service's state: those that supervisord looks after, or all that belong here when it is down."""
    try:
        pids = {name: state.pid for name, state in supervisor.client(settings).states().items()}
    except ServiceError:
        pids = dict.fromkeys(services_here(settings))
        pids |= {name: pid for pid, name in sorted(leftovers(settings.home).items(), reverse=True)}  # the eldest counts
    return [service_state(settings, name, pids[name]) for name in SERVICES if name in pids]


def serving_elsewhere(settings: Settings) -> dict[ServiceState, str | None]:
    """Return the PostgreSQL and the bucket that are someone else's, each with why it does not do what gold needs."""
    if not settings.serving.enabled:
        return {}
    found = {}
    for service in ALL_SERVICES:
        if service.tier == SERVING and not is_ours(settings, service):
            reason = probes.check(service.name, settings)
            found[ServiceState(service.name, reason is None, None, address_of(settings, service), None)] = reason
    return found


def service_state(settings: Settings, name: str, pid: int | None) -> ServiceState:
    """Return the state of a service; up means that its process runs and its port answers, or its heart beats."""
    rss_mb = None if pid is None else resident_mb(pid)
    record = BY_NAME[name]
    if not record.serves_at:
        return ServiceState(name, pid is not None and probes.check(name, settings) is None, pid, "", rss_mb)
    port = settings.port(record.serves_at)
    up = pid is not None and answers(settings.local_host, port)
    return ServiceState(name, up, pid, f"{record.scheme}{settings.local_host}:{port}", rss_mb)


def answers(host: str, port: int) -> bool:
    """Tell whether a port takes connections."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return True
    except OSError:
        return False


def resident_mb(pid: int) -> int | None:
    """Return the resident memory of a process and all its descendants in MiB; None when it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return None
    return round(sum(map(_resident, family)) / MIB)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # gone meanwhile
        return 0
