"""Who runs what on this machine, read from /proc with the standard library (the preflight runs before any venv).

Where there is no /proc (macOS) nothing is found, and the callers say less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"  # the state column of /proc/net/tcp, see proc_pid_net(5)
SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


def listening_pid(port: int) -> int | None:
    """Return a process that listens on a TCP port of this machine; None when nobody does or it cannot be seen."""
    inodes = set(_listening_inodes(port))
    return next((pid for pid in pids() if inodes & set(_socket_inodes(pid))), None) if inodes else None


def pids() -> Iterator[int]:
    """Yield every process id that /proc shows."""
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def command_line(pid: int) -> list[str]:
    """Return a process's command and arguments; empty when it is gone or not ours to read."""
    return _null_separated(pid, "cmdline")


def environment(pid: int) -> dict[str, str]:
    """Return the environment a process was started with; empty when it is gone or not ours to read."""
    return dict(entry.partition("=")[::2] for entry in _null_separated(pid, "environ"))


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and still runs; a zombie does not."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def parent(pid: int) -> int:
    """Return the parent of a process; 0 for the first one, or when it is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def supervisord_pid(home: Path) -> int | None:
    """Return the running supervisord of this home, proven by its command line and not only by the pid file."""
    try:
        pid = int((home / "run" / "supervisord.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    words = command_line(pid)
    is_ours = any("supervisord" in word for word in words) and any(str(home / "conf") in word for word in words)
    return pid if is_ours and is_alive(pid) else None


def service_of(pid: int, home: Path) -> str | None:
    """Return which service of this home's lake a process belongs to, from what supervisord told it at its start."""
    environ = environment(pid)
    if environ.get("SUPERVISOR_SERVER_URL") != f"unix://{home / 'run' / 'supervisor.sock'}":
        return None
    return environ.get("SUPERVISOR_PROCESS_NAME")


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        for line in _read(PROC / "net" / table).decode("ascii", "replace").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _socket_inodes(pid: int) -> Iterator[str]:
    try:
        descriptors = list((PROC / str(pid) / "fd").iterdir())
    except OSError:  # gone meanwhile, or another user's
        return
    for descriptor in descriptors:
        try:
            link = SOCKET_LINK.fullmatch(str(descriptor.readlink()))
        except OSError:  # closed meanwhile
            continue
        if link:
            yield link[1]


def _stat(pid: int) -> list[str]:
    """Return what follows the command's name in /proc/PID/stat, which may itself hold spaces: state, parent, ..."""
    return _read(PROC / str(pid) / "stat").decode("utf-8", "replace").rpartition(")")[2].split()


def _null_separated(pid: int, name: str) -> list[str]:
    text = _read(PROC / str(pid) / name).decode("utf-8", "replace")
    return text.rstrip("\0").split("\0") if text else []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
