"""A dockerd of our own: all it has is in one folder, and nothing of it is left when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.support.docker.commands import CommandError, DockerUnavailableError, run, with_system_paths, works
from tests.support.docker.network import Network, lay_network, mtu, take_network_away
from tests.support.waiting import wait_until

START_S = 60
STOP_S = 60  # it gives its containers 15 s
LONGEST_SOCKET = "run/containerd/containerd-debug.sock"
SOCKET_PATH_LIMIT = 107  # bytes, of the kernel
PROGRAMS = {"dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v2"}


@contextlib.contextmanager
def private_daemon(folder: Path) -> Iterator[str]:
    """Run a dockerd with all its data in `folder`, and yield its address; end it and remove the folder at the end.

    What a killed run left in the folder, processes too, is removed first.

    Raises:
        DockerUnavailableError: the folder's path is too long, or no subnet is free.
        CommandError: dockerd does not come up.
    """
    if len(os.fsencode(folder / LONGEST_SOCKET)) > SOCKET_PATH_LIMIT:
        raise DockerUnavailableError(f"{folder} is too long a path for its sockets: set a shorter COINLAKE_TEST_HOME")
    remove_all(folder)
    folder.mkdir(parents=True)
    try:
        process = start(folder, lay_network(folder))
        try:
            wait_until(lambda: answers(process, folder), START_S, "dockerd answers")
            yield address(folder)
        finally:
            end(process)
    finally:
        remove_all(folder)


def address(folder: Path) -> str:
    """Return what a client's DOCKER_HOST has to be."""
    return f"unix://{folder}/docker.sock"


def start(folder: Path, network: Network) -> subprocess.Popen[bytes]:
    """Start dockerd in a session of its own, so that Ctrl-C does not end it before its containers."""
    options = {
        "hosts": [address(folder)],
        "data-root": str(folder / "lib"),
        "exec-root": str(folder / "run"),
        "pidfile": str(folder / "pid"),
        "containerd-namespace": network.name,  # one containerd may serve several engines
        "containerd-plugins-namespace": f"{network.name}-plugins",
        "bridge": network.name,
        "default-address-pools": [{"base": network.pool, "size": 24}],
        "iptables": False,
        "mtu": mtu(),
    }
    # A file of our own: this machine's /etc/docker/daemon.json is for its own engine.
    configuration = folder / "daemon.json"
    configuration.write_text(json.dumps(options), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["dockerd", "--config-file", str(configuration)],
            env=with_system_paths(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def answers(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Tell whether the engine answers yet; one that has ended never will."""
    if process.poll() is not None:
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise CommandError(["dockerd"], f"ended with exit code {process.returncode}", log)
    return works("docker", "info", env={**os.environ, "DOCKER_HOST": address(folder)})


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask dockerd to stop its containers and end; it is killed when it does not."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def remove_all(folder: Path) -> None:
    """Remove an engine's folder and whatever of it still runs, is mounted or routes; again does no harm."""
    if not folder.exists():
        return
    end_processes(folder)
    for mount in reversed(mounts_below(folder)):
        run("umount", "--lazy", mount)
    take_network_away(folder)
    shutil.rmtree(folder)


def end_processes(folder: Path) -> None:
    """End what a killed run left: dockerd in peace, then whatever it could not end itself."""
    daemons = [process for process in ours(folder) if program(process) == "dockerd"]
    send(signal.SIGTERM, daemons)
    send(signal.SIGKILL, ours(folder))


def send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    """Send a signal to all the processes and wait until they have ended, or until they had time to."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    psutil.wait_procs(processes, STOP_S)


def ours(folder: Path) -> list[psutil.Process]:
    """Return the processes of this folder's engine and its containers; a number in a pid file may be anyone's."""
    containers = [path.name for path in (folder / "lib" / "containers").glob("*")]
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            if is_program_of(process, folder) or is_in(containers, process):
                found.append(process)
    return found


def program(process: psutil.Process) -> str:
    """Return the file name of the program that a process was started as; empty for one that has ended."""
    try:
        return Path((process.cmdline() or [""])[0]).name
    except psutil.NoSuchProcess:
        return ""


def is_program_of(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a process is a Docker program that was started with a file of this folder."""
    return program(process) in PROGRAMS and any(f"{folder}/" in word for word in process.cmdline()[1:])


def is_in(containers: list[str], process: psutil.Process) -> bool:
    """Tell whether a process runs in one of the containers, known by their ids of 64 digits."""
    groups = Path(f"/proc/{process.pid}/cgroup").read_text(encoding="ascii", errors="replace")
    return any(container in groups for container in containers)


def mounts_below(folder: Path) -> list[str]:
    """Return the mount points in a folder, in the order in which they were mounted."""
    points = [partition.mountpoint for partition in psutil.disk_partitions(all=True)]
    return [point for point in points if Path(point).is_relative_to(folder)]
