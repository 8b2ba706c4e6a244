"""Are the services' ports free, and if not, who holds them?"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator

from pipeline.host import processes
from pipeline.services import PORT_OFFSETS
from pipeline.settings import Settings

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


def _named(pid: int | None) -> str:
    if pid is None:
        return "another program"
    command = " ".join(processes.command_line(pid))
    shortened = command if len(command) <= COMMAND_SHOWN else command[: COMMAND_SHOWN - 3] + "..."
    return f"pid {pid} ({shortened})"
