"""What the machine must offer: tools, memory, disk, and a home the engines can live in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

GIB = 1024**3
JAVA_WANTED = 17  # Presto 0.287 runs on 17 and not on 21; Spark 4.0 asks for 17 or 21
PYTHON_WANTED = (3, 11)
PACKAGE_OF_TOOL = {"bash": "bash", "curl": "curl", "flock": "util-linux"}
MEMORY_WANTED = {False: 5.5 * GIB, True: 3.5 * GIB}  # by --small; the whole stack's resident size
DISK_FIRST_RUN = 4 * GIB  # measured: jars 1.0, their cache 0.6, venv 1.0 GB; the rest is room for data
DISK_LATER = 1 * GIB
# Measured, what --with serving adds: PostgreSQL and the S3 server, and Superset on top.
MEMORY_SERVING, MEMORY_SUPERSET = 0.15 * GIB, 0.35 * GIB
DISK_SERVING, DISK_SUPERSET = 0.2 * GIB, 0.9 * GIB
SOCKET_PATH_LIMIT = 107  # sun_path is 108 bytes with its closing zero, see unix(7)
SUPERVISOR_TEMPORARY = len(".4194304")  # supervisord binds <socket>.<pid> first
PATH_ALLOWED = re.compile(r"[A-Za-z0-9/._@+~ -]+")  # others mean something to supervisord, Java or Hadoop


def tool_faults(python: tuple[int, int] = sys.version_info[:2]) -> Iterator[str]:
    """Yield one line for each tool that is missing or of the wrong version."""
    if python < PYTHON_WANTED:
        yield f"Python 3.11 or newer is needed, this is {python[0]}.{python[1]}: install python3.11"
    for tool, package in PACKAGE_OF_TOOL.items():
        if shutil.which(tool) is None:
            yield f"{tool} is missing: install it (Debian, Ubuntu: apt-get install {package})"
    yield from _java_faults()


def _java_faults() -> Iterator[str]:
    remedy = "install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless)"
    java = java_command()
    if java is None:
        if not may_install_packages():  # else the bootstrap, which runs next, installs it
            yield f"Java is missing: {remedy}"
        return
    version = java_version(java)
    if version is None:
        yield f"{java} does not report its version: {remedy}"
    elif version != JAVA_WANTED:
        yield f"{java} is Java {version}, the engines run on Java 17: {remedy} and point JAVA_HOME at it"


def may_install_packages() -> bool:
    """Tell whether the set-up may install a package of Debian or Ubuntu by itself."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def java_command() -> str | None:
    """Return the `java` in use: JAVA_HOME's, else the one on PATH."""
    java_home = os.environ.get("JAVA_HOME")
    if java_home and os.access(Path(java_home) / "bin" / "java", os.X_OK):
        return str(Path(java_home) / "bin" / "java")
    return shutil.which("java")


def java_version(java: str) -> int | None:
    """Return a Java's major version, such as 17; None when it does not say."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else None


def checkout_faults(checkout: Path) -> Iterator[str]:
    """Yield what is wrong with the name of the place that the lake is started from."""
    if not PATH_ALLOWED.fullmatch(str(checkout)):
        yield (
            f"the checkout {str(checkout)!r} has a special character, which the supervisor cannot take: move it to a "
            f"folder with a plain name"
        )


def home_faults(home: Path) -> Iterator[str]:
    """Yield what is wrong with the place of the lake's home: its name, its length, its permissions."""
    elsewhere = "set COINLAKE_HOME to another folder"
    if not PATH_ALLOWED.fullmatch(str(home)):
        yield f"the home {str(home)!r} has a special character, which the engines cannot take: {elsewhere}"
    if len(os.fsencode(home / "run" / "supervisor.sock")) + SUPERVISOR_TEMPORARY > SOCKET_PATH_LIMIT:
        yield f"the home {home} is too long a path for a Unix socket in it: {elsewhere}"
    place = existing_parent(home)
    if not place.is_dir():
        yield f"the home {home} cannot be made, {place} is a file: {elsewhere}"
    elif not os.access(place, os.W_OK | os.X_OK):
        yield f"the home {home} cannot be written to: make {place} writable or {elsewhere}"


def memory_faults(*, small: bool, extra: float = 0, available: int | None = None) -> Iterator[str]:
    """Yield a line when less memory is free than the engines need; `available` in bytes, measured by default.

    `extra` is what else shall run, in bytes.
    """
    free = available_memory() if available is None else available
    wanted, wanted_small = (MEMORY_WANTED[size] + extra for size in (small, True))
    if free is not None and free < wanted:
        less = f"close other programs, or use --small (needs {wanted_small / GIB:.3g} GB)"
        remedy = "close other programs" if small else less
        yield f"{free / GIB:.1f} GB of memory are free, {wanted / GIB:.3g} GB are needed: {remedy}"


def low_disk(place: Path, free: int) -> str:
    """Return in words that the disk which `place` is on has little room left; `free` in bytes."""
    return f"{free / GIB:.1f} GB of disk are left in {place}: make room before it is full"


def disk_faults(home: Path, free: int | None = None, extra: float = 0) -> Iterator[str]:
    """Yield a line when the home's disk has too little room; `free` in bytes, measured by default.

    `extra` is what else is to be installed, in bytes.
    """
    place = existing_parent(home)
    room = shutil.disk_usage(place).free if free is None else free
    wanted = extra + (DISK_LATER if (home / "jars" / "presto").is_dir() else DISK_FIRST_RUN)
    if room < wanted:
        yield (
            f"{room / GIB:.1f} GB of disk are free in {place}, {wanted / GIB:.3g} GB are needed: "
            f"make room or set COINLAKE_HOME to another disk"
        )


def existing_parent(path: Path) -> Path:
    """Return the path itself, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def available_memory() -> int | None:
    """Return the bytes a new program could use: the kernel's estimate, or the control group's limit if lower."""
    amounts = [amount for amount in (_kernel_estimate(), _cgroup_room()) if amount is not None]
    return min(amounts) if amounts else None


def _kernel_estimate(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _cgroup_room(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(0, int(limit) - used)
