"""Under which names the page answers."""

from __future__ import annotations

import socket

import pytest

from monitor.page.__main__ import own_and_machine_names
from pipeline.settings import load_settings
from pipeline.web_access import is_own_host

NAMES = own_and_machine_names(load_settings({"COINLAKE_HOME": "/nowhere", "COINLAKE_OWN_NAMES": "lake.example"}))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:18000", "localhost", "LOCALHOST:1", "[::1]:18000", "192.168.1.7:18000", "lake.example:18000"]
)
def test_our_own_names(host: str) -> None:
    assert is_own_host(host, NAMES)


def test_the_machines_name_is_ours() -> None:
    assert is_own_host(f"{socket.gethostname()}:18000", NAMES)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:18000", "127.0.0.1.evil.example", "localhost.evil.example", "", "["]
)
def test_a_strangers_name_is_refused(host: str) -> None:
    assert not is_own_host(host, NAMES)
