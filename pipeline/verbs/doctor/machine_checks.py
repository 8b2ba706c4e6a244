"""Checks of the machine, of what is installed on it, and of the processes, logs and folders of a home."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from pipeline.engines.jars.fetch import are_installed
from pipeline.engines.leftovers import leftovers
from pipeline.host import machine, ports, processes
from pipeline.own_http import own_client
from pipeline.run_files import Beat
from pipeline.services import SERVICES
from pipeline.settings import CHECKOUT, Settings
from pipeline.verbs.doctor.checks import Check, Finding, State
from pipeline.verbs.faults import SETUP, service_faults

LOW_DISK = 3 * machine.DISK_LATER
LOW_MEMORY = 0.3 * machine.GIB
SKEW_S = 5.0
LOG_END = 1 << 20  # bytes
NO_MEMORY = re.compile(rb"java\.lang\.OutOfMemoryError|\bMemoryError\b|Cannot allocate memory")
LOCKS = ("pipeline/engines/bootstrap.lock", "requirements.lock")


def tools(_settings: Settings) -> Finding:
    """Look at Java, Python and what the scripts call."""
    return Finding.of(machine.tool_faults(), f"Java {machine.JAVA_WANTED} and the tools are there")


def home(settings: Settings) -> Finding:
    """Look at the names and permissions of checkout and home."""
    faults = [*machine.checkout_faults(CHECKOUT), *machine.home_faults(settings.home)]
    return Finding.of(faults, f"{settings.home} can be written to")


def disk(settings: Settings) -> Finding:
    """Look at the room on the home's disk; a stream stops taking events in when it is full."""
    place = machine.existing_parent(settings.home)
    free = shutil.disk_usage(place).free
    faults = list(machine.disk_faults(settings.home, free))
    if faults or free >= LOW_DISK:
        return Finding.of(faults, f"{free / machine.GIB:.1f} GB are free")
    return Finding(State.WARN, machine.low_disk(place, free))


def memory(settings: Settings) -> Finding:
    """Look at the free memory: for a stopped lake whether it could start, for a running one whether some is left."""
    if processes.supervisord_pid(settings.home) is None:
        return Finding.of(machine.memory_faults(small=settings.small), "enough for the lake")
    free = machine.available_memory()
    if free is None or free >= LOW_MEMORY:
        return Finding(State.PASS, "not known" if free is None else f"{free / machine.GIB:.1f} GB are free")
    words = f"{free / machine.GIB:.1f} GB of memory are free beside the lake: close other programs, or use --small"
    return Finding(State.WARN, words)


def lake_ports(settings: Settings) -> Finding:
    """Look for other programs on the lake's ports."""
    faults = list(ports.port_faults(settings))
    if faults:
        return Finding.of(faults, "")
    span = f"{settings.port_base} and the next hundred are the lake's"
    return Finding.of(ports.port_warnings(settings), span, State.WARN)


def packages(settings: Settings) -> Finding:
    """Compare the home's Python packages with the lock of this checkout."""
    if os.environ.get("COINLAKE_PYTHON"):
        return Finding(State.SKIP, "COINLAKE_PYTHON names a Python of yours")
    stamp = settings.home / "venv" / ".requirements.lock.installed"
    wanted = hashlib.sha256(b"".join((CHECKOUT / lock).read_bytes() for lock in LOCKS)).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii").split()[0] == wanted:
        return Finding(State.PASS, "those of requirements.lock")
    return Finding(State.FAIL, f"they are not those of requirements.lock: {SETUP} installs them")


def jars(settings: Settings) -> Finding:
    """Compare the home's jars with the lock of this checkout."""
    if are_installed(settings.home / "jars"):
        return Finding(State.PASS, "those of jars.lock")
    return Finding(State.FAIL, f"they are not those of jars.lock: {SETUP} fetches them")


def supervisor(settings: Settings) -> Finding:
    """Look whether the supervisor runs, without which nothing restarts a service that ends."""
    pid = processes.supervisord_pid(settings.home)
    if pid is not None:
        return Finding(State.PASS, f"pid {pid}")
    if left := leftovers(settings.home):
        names = ", ".join(f"{name} ({pid})" for pid, name in left.items())
        words = f"the supervisor is gone, and these processes are left: {names}. {SETUP} starts everything again"
        return Finding(State.FAIL, words)
    return Finding(State.FAIL, f"the lake is stopped: {SETUP} starts it")


def stale_pids(settings: Settings) -> Finding:
    """Look for files in which a process that is gone says that it runs."""
    return Finding.of(_stale(settings), "none", State.WARN)


def _stale(settings: Settings) -> Iterator[str]:
    file = settings.run_dir / "supervisord.pid"
    if file.exists() and processes.supervisord_pid(settings.home) is None:
        yield f"{file} names a supervisor that is gone, as after a crash: {SETUP} replaces it"
    for name in SERVICES:
        beat = Beat.read(settings.run_dir, name)
        if beat is not None and not processes.is_alive(beat.pid):
            yield f"{settings.run_dir / name}.json is of process {beat.pid}, which is gone: its next start replaces it"


def refusals(settings: Settings) -> Finding:
    """Look for services that will not run until a person acts, and chores that keep failing."""
    return Finding.of(service_faults(settings), "no service refuses to run, no chore fails")


def out_of_memory(settings: Settings) -> Finding:
    """Look into the ends of the logs for a service that ran out of memory."""
    return Finding.of(_memory_lines(settings.log_dir), "not in the logs", State.WARN)


def _memory_lines(log_dir: Path) -> Iterator[str]:
    for name in SERVICES:
        log = log_dir / f"{name}.log"
        found = [line for line in _end(log).splitlines() if NO_MEMORY.search(line)]
        if found:
            line = found[-1].decode("utf-8", "replace").strip()[:200]
            yield (
                f"{name} ran out of memory: {line!r} in {log}. With --small its heap is smaller: start without it; "
                f"else ask for less at once, or move the lake to a larger machine"
            )


def _end(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_END))
            return file.read()
    except OSError:
        return b""


def clock(settings: Settings) -> Finding:
    """Compare this machine's clock with the servers', and with the times in its own files."""
    return Finding.of([*_ahead(settings), *_skewed(settings)], f"within {SKEW_S:g} s")


def _ahead(settings: Settings) -> Iterator[str]:
    for name in SERVICES:
        beat = Beat.read(settings.run_dir, name)
        if beat is not None and beat.age_s < -SKEW_S:
            yield (
                f"{name} reported {-beat.age_s:.0f} s in the future, so this machine's clock was set back: set it by "
                f"NTP, then restart the lake"
            )


def _skewed(settings: Settings) -> Iterator[str]:
    for address in (settings.lake.presto_url, settings.lake.hdfs_http_url, settings.url("scheduler")):
        try:
            with own_client(timeout=3.0) as client:
                told = client.get(address).headers.get("Date")
        except httpx.HTTPError:
            continue  # another check says so
        skew = 0.0 if told is None else parsedate_to_datetime(told).timestamp() - time.time()
        if abs(skew) > SKEW_S:
            yield f"the clock of {address} is {skew:+.0f} s off this machine's: set both by NTP"


def cluster_id(settings: Settings) -> Finding:
    """Compare the cluster that the DataNode's folder belongs to with its NameNode's."""
    data = settings.home / "data"
    ids = {name: _version(settings, name).get("clusterID") for name in ("namenode", "datanode")}
    if None in ids.values():
        return Finding(State.SKIP, "no HDFS of this home, or not formatted yet")
    if len(set(ids.values())) == 1:
        return Finding(State.PASS, str(ids["namenode"]))
    words = (
        f"the DataNode's folder belongs to {ids['datanode']}, the NameNode's to {ids['namenode']}, so it will not "
        f"start: bring back the {data / 'namenode'} that it was used with; or, if its data may go, delete "
        f"{data / 'datanode'}"
    )
    return Finding(State.FAIL, words)


def _version(settings: Settings, name: str) -> dict[str, str]:
    """Return what Hadoop wrote about a folder of its own; empty where there is none."""
    try:
        text = (settings.home / "data" / name / "current" / "VERSION").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


CHECKS = (
    Check("machine.tools", "Java and tools", tools),
    Check("machine.home", "Checkout and home", home),
    Check("machine.disk", "Room on the disk", disk),
    Check("machine.memory", "Free memory", memory),
    Check("machine.ports", "Ports", lake_ports),
    Check("install.packages", "Python packages", packages),
    Check("install.jars", "Jars", jars),
    Check("services.supervisor", "Supervisor", supervisor),
    Check("services.stale-pids", "Stale process ids", stale_pids),
    Check("services.refusals", "Refusals and failing chores", refusals, needs=("services.supervisor",)),
    Check("services.out-of-memory", "Out of memory", out_of_memory),
    Check("machine.clock", "Clocks", clock),
    Check("hdfs.cluster-id", "HDFS cluster id", cluster_id),
)
