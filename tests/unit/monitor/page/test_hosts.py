"""Under which names the page answers."""

from __future__ import annotations

import socket

import pytest

from monitor.page.hosts import is_ours


@pytest.mark.parametrize(
    "host", ["127.0.0.1:18000", "localhost", "LOCALHOST:1", "[::1]:18000", "192.168.1.7:18000", "lake.example:18000"]
)
def test_our_own_names(host: str) -> None:
    assert is_ours(host, "lake.example")


def test_the_machines_name_is_ours() -> None:
    assert is_ours(f"{socket.gethostname()}:18000", "0.0.0.0")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:18000", "127.0.0.1.evil.example", "localhost.evil.example", "", "["]
)
def test_a_strangers_name_is_refused(host: str) -> None:
    assert not is_ours(host, "127.0.0.1")
