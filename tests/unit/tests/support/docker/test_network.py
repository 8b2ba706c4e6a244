"""An engine's network: its own, and gone with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.docker import network
from tests.support.docker.commands import DockerUnavailableError
from tests.support.programs import Programs

ANY_NETWORK = network.Network("cl-1", "10.201.0.0/16", "0")


def test_pool_overlaps_no_route() -> None:
    assert network.free_pool(["192.0.2.0/24", "172.17.0.0/16"]) == "10.201.0.0/16"
    assert network.free_pool(["10.201.7.0/24", "10.202.0.1"]) == "10.203.0.0/16"
    assert network.free_pool(["10.0.0.0/8"]) == "172.18.0.0/16"
    with pytest.raises(DockerUnavailableError):
        network.free_pool(["10.0.0.0/8", "172.16.0.0/12"])


def test_only_bridges_of_the_pool_are_ours() -> None:
    ours, theirs = [{"local": "10.201.3.1"}], [{"local": "172.17.0.1"}, {"local": "fe80::1"}]
    bridge, tunnel = {"info_kind": "bridge"}, {"info_kind": "tun"}
    links: list[dict[str, object]] = [
        {"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}]},
        {"ifname": "docker0", "linkinfo": bridge, "addr_info": theirs},
        {"ifname": "br-ours", "linkinfo": bridge, "addr_info": ours},
        {"ifname": "vpn", "linkinfo": tunnel, "addr_info": ours},
        {"ifname": "br-without", "linkinfo": bridge, "addr_info": []},
    ]
    assert list(network.bridges_in("10.201.0.0/16", links)) == ["br-ours"]


def test_each_rule_carries_our_name() -> None:
    assert [" ".join([table, chain, *words]) for table, chain, words in ANY_NETWORK.rules] == [
        "filter FORWARD -s 10.201.0.0/16 -m comment --comment coinlake-cl-1 -j ACCEPT",
        "filter FORWARD -d 10.201.0.0/16 -m comment --comment coinlake-cl-1 -j ACCEPT",
        "nat POSTROUTING -s 10.201.0.0/16 ! -d 10.201.0.0/16 -m comment --comment coinlake-cl-1 -j MASQUERADE",
    ]


@pytest.mark.parametrize(("others", "left"), [("", "0"), (":DOCKER - [0:0]", "1"), ("coinlake-cl-2", "1")])
def test_forwarding_is_put_back_unless_another_engine_needs_it(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: str, left: str
) -> None:
    programs.write("ip", "echo '[]'")
    programs.write("iptables", "exit 1")
    programs.write("iptables-save", f"echo '{others}'")
    monkeypatch.setattr(network, "FORWARDING", tmp_path / "ip_forward")
    network.FORWARDING.write_text("1")
    (tmp_path / "network.json").write_text('{"name": "cl-1", "pool": "10.201.0.0/16", "forwarding": "0"}')
    network.take_network_away(tmp_path)
    assert network.FORWARDING.read_text() == left


def test_half_written_note_of_a_network_is_none(tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text('{"name": "cl-1", "po')
    network.take_network_away(tmp_path)
