"""Are the services' ports free, and if not, who holds them?"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.host import processes
from pipeline.services import PORT_OFFSETS
from pipeline.settings import Settings

KERNEL = Path("/proc/sys/net/ipv4")
COMMAND_SHOWN = 80  # characters of the holder's command line


def port_faults(settings: Settings, names: Iterable[str] = tuple(PORT_OFFSETS)) -> Iterator[str]:
    """Yield one line for each of these ports that another program holds; our own running services are fine."""
    for service in names:
        port = settings.port(service)
        if is_free(settings.listen_host, port):
            continue
        holder = processes.listening_pid(port)
        if holder is None or processes.service_of(holder, settings.home) is None:
            yield (
                f"port {port} ({service}) is taken by {_named(holder)}: stop that, "
                f"or move all ports of the lake with COINLAKE_PORT_BASE (now {settings.port_base})"
            )


def port_warnings(settings: Settings, kernel: Path = KERNEL) -> Iterator[str]:
    """Yield a line when the kernel may give ports of the lake to outgoing connections, which then are in the way.

    A port is safe outside `ip_local_port_range`, or where `ip_local_reserved_ports` (such as `33000-33099,40000`)
    excludes it: https://docs.kernel.org/networking/ip-sysctl.html
    """
    try:
        first, last = map(int, (kernel / "ip_local_port_range").read_text().split())
        reserved = [_span(part) for part in (kernel / "ip_local_reserved_ports").read_text().strip().split(",") if part]
    except (OSError, ValueError):  # another kernel than Linux
        return
    ours = sorted(settings.port(name) for name in PORT_OFFSETS)
    risky = [port for port in ours if first <= port <= last and not any(port in span for span in reserved)]
    if risky:
        yield (
            f"ports {risky[0]} to {risky[-1]} are among those that this machine gives to outgoing connections "
            f"({first} to {last}), so one may be taken whenever a service starts: choose a COINLAKE_PORT_BASE of at "
            f"most {first - 1 - max(PORT_OFFSETS.values())}, or reserve them (as root): "
            f"sysctl -w net.ipv4.ip_local_reserved_ports={ours[0]}-{ours[-1]}"
        )


def _span(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on a port now; connections that only linger (TIME_WAIT) do not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def free_port_base(bases: Iterable[int]) -> int:
    """Return the first port base, of those given, under which every service's port is free on 127.0.0.1.

    Raises:
        ServiceError: none is.
    """
    tried = list(bases)
    for base in tried:
        if all(is_free("127.0.0.1", base + offset) for offset in PORT_OFFSETS.values()):
            return base
    raise ServiceError(f"no free block of ports from {tried[0]} to {tried[-1] + 100}")


def _named(pid: int | None) -> str:
    if pid is None:
        return "another program"
    command = " ".join(processes.command_line(pid))
    shortened = command if len(command) <= COMMAND_SHOWN else command[: COMMAND_SHOWN - 3] + "..."
    return f"pid {pid} ({shortened})"
