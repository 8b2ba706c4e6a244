"""What each service of the running lake keeps in memory: `python -m bench.memory`.

RSS counts shared pages in every process; PSS divides them among their users, so only PSS may be summed up.
"""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from bench.measure import report
from pipeline.engines.supervisor import client
from pipeline.settings import Settings, load_settings

MB = 1_000_000


def service_pids(settings: Settings) -> dict[str, int]:
    """Return the process id of each running service, as the supervisor tells it: a lake that rests stays at rest.

    Raises:
        ServiceError: the lake is stopped, or runs in containers.
    """
    return {name: state.pid for name, state in client(settings).states().items() if state.pid is not None}


def tree_mb(pid: int) -> dict[str, int]:
    """Return a process tree's resident and proportional memory in megabytes (10^6 bytes)."""
    root = psutil.Process(pid)
    infos = [process.memory_full_info() for process in (root, *root.children(recursive=True))]
    return {"rss_mb": sum(i.rss for i in infos) // MB, "pss_mb": sum(i.pss for i in infos) // MB}


def total(services: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add the services up."""
    rows = list(services)
    return {name: sum(row[name] for row in rows) for name in ("rss_mb", "pss_mb")}


def main() -> None:
    """Measure and print the figures."""
    services = {name: tree_mb(pid) for name, pid in service_pids(load_settings()).items()}
    report(services=services, total=total(services.values()))


if __name__ == "__main__":
    main()
