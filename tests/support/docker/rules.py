"""What we ask of every service of docker-compose.yml; each rule tells whether a service, as compose reads it, keeps it.

A rule about what runs for long does not hold for a job: a service that others wait to see completed, or that is
restarted only when it failed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping

from tests.support.docker.compose import Service

SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(API|PRIVATE|ACCESS)_?KEY", re.IGNORECASE)
IN_ADDRESS = re.compile(r"://[^/@\s]+:[^/@\s]+@|[?&;]password=", re.IGNORECASE)  # //user:word@host


def jobs(services: Mapping[str, Service]) -> set[str]:
    """Return the names of the services that do one thing and end."""
    return awaited(services) | {name for name, service in services.items() if policy(service).startswith("on-failure")}


def awaited(services: Mapping[str, Service]) -> set[str]:
    """Return the names of the services that another one waits to see completed.

    `up --wait` fails when a service ends that nobody waits for so, however well it ended.
    """
    return {
        name
        for service in services.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }


def policy(service: Service) -> str:
    """Return a service's restart policy; compose has none by default."""
    return str(service.get("restart", "no"))


def publishes_on_this_machine_only(service: Service) -> bool:
    """Without an address Docker publishes on all of them, past the firewall."""
    return all(port.get("host_ip") == "127.0.0.1" for port in service.get("ports", []))


def has_an_init(service: Service) -> bool:
    """Python and bash as process 1 ignore SIGTERM and do not wait for orphans."""
    return service.get("init") is True


def has_a_memory_limit(service: Service) -> bool:
    """One that runs wild must not take the machine with it."""
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    return int(service.get("mem_limit", limits.get("memory", 0))) > 0


def is_restarted(service: Service) -> bool:
    """A service that ends is started again, unless the user stopped it."""
    return policy(service) in {"unless-stopped", "always"}


def has_a_health_check(service: Service) -> bool:
    """Others wait for it, and so does `up --wait`."""
    check = service.get("healthcheck", {})
    return not check.get("disable", False) and check.get("test", ["NONE"])[0] not in {"NONE", ""}


def shows_no_secret(service: Service) -> bool:
    """An environment can be read by `docker inspect`; a secret's name may be there with _FILE, its value never."""
    environment = {name: value or "" for name, value in service.get("environment", {}).items()}
    named = any(value and SECRET.search(name) and not name.endswith("_FILE") for name, value in environment.items())
    return not named and not any(IN_ADDRESS.search(value) for value in environment.values())


def keeps_data_in_named_volumes(service: Service) -> bool:
    """Anonymous ones pile up; a folder of the host ties the service to one machine and its owner's number."""
    return all(mount["type"] == "volume" and mount.get("source") for mount in service.get("volumes", []))


def bounds_its_logs(service: Service) -> bool:
    """Docker keeps what a container prints for as long as it exists, unless it is told how much."""
    options = service.get("logging", {}).get("options", {})
    return bool(options.get("max-size")) and int(options.get("max-file", 0)) > 0


def stays_in_its_container(service: Service) -> bool:
    """It has no more rights than a plain container, and not the host's network or processes."""
    shared = {service.get(name) for name in ("network_mode", "pid", "ipc", "userns_mode")}
    return not service.get("privileged") and "host" not in shared and not service.get("cap_add")


RULES: tuple[Callable[[Service], bool], ...] = (
    publishes_on_this_machine_only,
    has_an_init,
    has_a_memory_limit,
    shows_no_secret,
    keeps_data_in_named_volumes,
    bounds_its_logs,
    stays_in_its_container,
)
RULES_FOR_LONG_RUNNING: tuple[Callable[[Service], bool], ...] = (is_restarted, has_a_health_check)


def ports_taken_twice(services: Mapping[str, Service]) -> list[str]:
    """Return the host's ports that more than one of these services publishes."""
    published = Counter(port["published"] for service in services.values() for port in service.get("ports", []))
    return [port for port, times in published.items() if times > 1]
