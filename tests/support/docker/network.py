"""The network of an engine of our own: laid by us, not by dockerd, so that it can be taken away again to the last rule.

A dockerd left to itself makes docker0, chains of iptables that every engine of the machine shares (its start empties
those of another engine), and the policy DROP for all forwarding; none of that goes when it ends. Ours runs with
`iptables: false` on a bridge that we make. All its subnets come from one free /16, so everything of it can be told by
its address. Published ports are served by Docker's proxy, which needs no rule.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support.docker.commands import DockerUnavailableError, run, works

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
POOLS = [f"10.{n}.0.0/16" for n in range(201, 240)] + [f"172.{n}.0.0/16" for n in range(18, 32)]
TAG = "coinlake-"  # what our rules of iptables carry as their comment


@dataclass(frozen=True)
class Network:
    """What one engine's network is known by, and what was there before it."""

    name: str  # of the bridge; a link's name has 15 characters at most
    pool: str
    forwarding: str

    @property
    def rules(self) -> list[tuple[str, str, list[str]]]:
        """Each rule's table, chain and words: forward whatever is ours, and leave this machine under its address."""
        comment = ["-m", "comment", "--comment", TAG + self.name]
        return [
            ("filter", "FORWARD", ["-s", self.pool, *comment, "-j", "ACCEPT"]),
            ("filter", "FORWARD", ["-d", self.pool, *comment, "-j", "ACCEPT"]),
            ("nat", "POSTROUTING", ["-s", self.pool, "!", "-d", self.pool, *comment, "-j", "MASQUERADE"]),
        ]


def lay_network(folder: Path) -> Network:
    """Make the bridge and the rules; what they are is written down first, for whoever cleans up after a kill.

    Raises:
        DockerUnavailableError: every /16 that we could take is in use.
    """
    name = "cl-" + hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    network = Network(name, free_pool(routed()), FORWARDING.read_text(encoding="ascii").strip())
    (folder / "network.json").write_text(json.dumps(asdict(network)), encoding="utf-8")
    first = next(ipaddress.ip_network(network.pool).hosts())
    run("ip", "link", "add", "name", name, "type", "bridge")
    run("ip", "address", "add", f"{first}/24", "dev", name)
    run("ip", "link", "set", name, "up")
    for table, chain, words in network.rules:
        run("iptables", "-w", "10", "-t", table, "-I", chain, *words)
    return network


def take_network_away(folder: Path) -> None:
    """Remove what `lay_network` made in this folder's name, and the bridges that compose added; again does no harm."""
    try:
        network = Network(**json.loads((folder / "network.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # none was laid, or not even its file was written to its end
        return
    for table, chain, words in network.rules:
        if works("iptables", "-w", "10", "-t", table, "-C", chain, *words):
            run("iptables", "-w", "10", "-t", table, "-D", chain, *words)
    for name in bridges_in(network.pool, json.loads(run("ip", "-details", "-json", "address"))):
        run("ip", "link", "delete", name)
    # Another engine that came up meanwhile needs the forwarding, too.
    if not any(words in run("iptables-save") for words in (TAG, "DOCKER")):
        FORWARDING.write_text(network.forwarding, encoding="ascii")


def routed() -> list[str]:
    """Return the subnets that this machine has a route to."""
    routes = json.loads(run("ip", "-json", "route"))
    return [route["dst"] for route in routes if route["dst"] != "default"]


def free_pool(taken: list[str]) -> str:
    """Return a /16 that overlaps with none of the subnets."""
    others = [ipaddress.ip_network(subnet) for subnet in taken]
    for pool in map(ipaddress.ip_network, POOLS):
        if not any(pool.overlaps(other) for other in others):
            return str(pool)
    raise DockerUnavailableError("every private /16 that containers could have is in use")


def bridges_in(pool: str, links: list[dict[str, object]]) -> Iterator[str]:
    """Yield the names of the bridges that have an address of the pool; `links` as `ip -details -json address` says."""
    for link in links:
        with contextlib.suppress(KeyError):  # a link without addresses, or one that is no virtual one
            if link["linkinfo"]["info_kind"] == "bridge" and has_address(link["addr_info"], pool):  # type: ignore[index]
                yield str(link["ifname"])


def has_address(addresses: object, pool: str) -> bool:
    """Tell whether one of a link's addresses belongs to the pool."""
    assert isinstance(addresses, list)
    found = [ipaddress.ip_address(address["local"]) for address in addresses]
    return any(address in ipaddress.ip_network(pool) for address in found)


def mtu() -> int:
    """Return the largest packet, in bytes, of the way out of this machine; a bridge that takes larger ones stalls."""
    for route in json.loads(run("ip", "-json", "route", "show", "default")):
        return int(Path(f"/sys/class/net/{route['dev']}/mtu").read_text(encoding="ascii"))
    return 1500
