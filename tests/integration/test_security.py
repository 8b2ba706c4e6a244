"""Nobody but this machine reaches the lake, and nobody but its owner sees its secrets."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.engines.secrets import NAMES, SERVING_NAMES
from pipeline.host.processes import supervisord_pid
from pipeline.settings.values import read_env_file
from tests.support.stack import Stack

LARGEST = 20_000_000  # bytes of a file that is searched; none with settings has so many
ROWS = {"datanode", "kafka", "spark", "tmp"}  # folders below data: they hold the market's rows, or what is deleted
PROGRAMS = {"jars", "venv"}


@pytest.fixture(scope="module")
def processes(stack: Stack) -> list[psutil.Process]:
    pid = supervisord_pid(stack.settings.home)
    assert pid is not None
    supervisor = psutil.Process(pid)
    return [supervisor, *supervisor.children(recursive=True)]


@pytest.fixture(scope="module")
def secrets(stack: Stack) -> dict[str, bytes]:
    held = read_env_file(stack.settings.home / ".env")
    return {name: held[name].encode() for name in (*NAMES, *SERVING_NAMES) if name in held}


def listening(process: psutil.Process) -> Iterator[tuple[str, int]]:
    """Yield the addresses at which a process waits for others, by TCP or UDP."""
    for one in process.net_connections(kind="inet"):
        if one.status == psutil.CONN_LISTEN or (one.type == socket.SOCK_DGRAM and not one.raddr):
            yield one.laddr.ip, one.laddr.port


def is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None  # Java binds both families at once
    return (mapped or ip).is_loopback


def shown_in(text: bytes, secrets: dict[str, bytes]) -> list[str]:
    return [name for name, secret in secrets.items() if secret in text]


def test_every_port_is_open_to_this_machine_alone(stack: Stack, processes: list[psutil.Process]) -> None:
    found = {(ip, port, process.name()) for process in processes for ip, port in listening(process)}
    known = {stack.settings.port(name) for name in ("kafka", "namenode", "datanode", "metastore", "presto", "spark_ui")}
    assert known <= {port for _, port, _ in found}, "the scan sees every engine"
    assert [each for each in sorted(found) if not is_loopback(each[0])] == []


def test_no_command_line_shows_a_secret(processes: list[psutil.Process], secrets: dict[str, bytes]) -> None:
    assert len(secrets) >= len(NAMES)
    shown = {}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since
            words = "\0".join(process.cmdline())
            shown[words[:100]] = shown_in(words.encode(), secrets)
    assert {words: names for words, names in shown.items() if names} == {}


def test_no_log_holds_a_secret(stack: Stack, secrets: dict[str, bytes]) -> None:
    logs = [path for path in stack.settings.log_dir.rglob("*") if path.is_file()]
    assert len(logs) > 8
    assert {
        path.name: shown_in(path.read_bytes(), secrets) for path in logs if shown_in(path.read_bytes(), secrets)
    } == {}


def test_a_file_with_a_secret_is_its_owners_alone(stack: Stack, secrets: dict[str, bytes]) -> None:
    home = stack.settings.home
    found = [path for path in files_of(home) if shown_in(path.read_bytes(), secrets)]
    assert home / ".env" in found
    assert {str(path): oct(path.stat().st_mode) for path in found if not is_private(path, home)} == {}


def test_a_web_page_cannot_order_hdfs_about(stack: Stack) -> None:
    url = f"{stack.settings.lake.hdfs_http_url}/webhdfs/v1/tmp/from-a-web-page"
    browser = {"User-Agent": "Mozilla/5.0"}
    ours = {"X-XSRF-HEADER": '""'}  # what a page of another server cannot send; the NameNode's own does
    answers = [httpx.put(url, params={"op": "MKDIRS"}, headers=browser | more).status_code for more in ({}, ours)]
    assert answers == [400, 200]
    assert httpx.delete(url, params={"op": "DELETE"}).status_code == 200


def files_of(home: Path) -> Iterator[Path]:
    """Yield the files that are neither programs nor rows of the market."""
    for folder, names, files in os.walk(home):
        place = Path(folder)
        left_out = PROGRAMS if place == home else ROWS if place == home / "data" else set()
        names[:] = sorted(set(names) - left_out)
        for name in files:
            path = place / name
            if path.is_file() and path.stat().st_size <= LARGEST:
                yield path


def is_private(path: Path, home: Path) -> bool:
    """Tell whether the file, or a folder above it up to the home, is closed to others."""
    above = [place for place in path.parents if place.is_relative_to(home)]
    return any(stat.S_IMODE(place.stat().st_mode) & 0o077 == 0 for place in (path, *above))


def test_no_secret_is_in_git(stack: Stack, secrets: dict[str, bytes]) -> None:
    command = ["git", "grep", "--quiet", "--untracked", "--fixed-strings", "-f", "-"]
    done = subprocess.run(command, cwd=stack.root, input=b"\n".join(secrets.values()), check=False)
    assert done.returncode == 1, "1: nothing was found"
