"""What a Debian machine may install: Docker's engine by apt, the client's plugins unpacked without installing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.docker.commands import CommandError, DockerUnavailableError, run, with_system_paths

ASKED_BY_NAME = "COINLAKE_TEST_DOCKER"  # set by the runner when the user named the suite
PROGRAMS = {"dockerd": "docker.io", "debootstrap": "debootstrap", "iptables": "iptables", "ip": "iproute2"}
CLIENT_PACKAGES = {"12": "docker.io", "13": "docker-cli"}  # Debian's version -> where its client is
PLUGINS = ("docker-compose", "docker-buildx")
# Debian 12 has only compose 1. Its libc is new enough for the programs of Debian 13's packages.
PLUGINS_FROM = "trixie"
APT_TRIES = "-oAcquire::Retries=3"
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21  # numbers of linux/capability.h


def reason_not_to_install(environment: Mapping[str, str]) -> str | None:
    """Tell why nothing of Docker may be installed on this machine by this run; None where it may."""
    if environment.get("CI") != "true" and not environment.get(ASKED_BY_NAME):
        return "one is brought up only under CI=true or by tests/run.sh containers"
    if os.geteuid() != 0:
        return "only root can bring one up"
    if debian_version() not in CLIENT_PACKAGES or shutil.which("apt-get") is None:
        return "only on Debian 12 and 13 is one brought up"
    return None


def reason_not_to_start() -> str | None:
    """Tell why an engine could not run here even when it is installed; None where it could."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    if not (effective >> CAP_SYS_ADMIN & 1 and effective >> CAP_NET_ADMIN & 1):
        return "this root may not mount and route, as in a container"
    return None


def debian_version() -> str:
    """Return Debian's major version; empty on any other system."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return release.get("VERSION_ID", "") if release.get("ID") == "debian" else ""


def install_programs() -> None:
    """Install what the engine needs and is missing.

    Raises:
        DockerUnavailableError: Debian's packages cannot be had.
    """
    install(PROGRAMS | {"docker": CLIENT_PACKAGES[debian_version()]})


def install(wanted: Mapping[str, str]) -> None:
    """Install the packages of those programs that are missing; `wanted`: by program.

    Raises:
        DockerUnavailableError: Debian's packages cannot be had.
    """
    path = with_system_paths(os.environ)["PATH"]
    missing = sorted({package for program, package in wanted.items() if shutil.which(program, path=path) is None})
    if not missing:
        return
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run("apt-get", "update", "-qq", APT_TRIES, seconds=180, env=env)
        run("apt-get", "install", "-y", "-qq", APT_TRIES, "--no-install-recommends", *missing, seconds=600, env=env)
    except CommandError as error:
        raise DockerUnavailableError(f"Debian's packages cannot be had: {error}") from error


def mirror() -> str:
    """Return the address from which apt brings this machine's Debian.

    Raises:
        DockerUnavailableError: apt is set up without one.
    """
    fields = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    lines = run("apt-get", "indextargets", "--format", fields, "Created-By: Packages").splitlines()
    for release, component, address in (line.split() for line in lines):
        if release in {"bookworm", "trixie"} and component == "main":
            return address
    raise DockerUnavailableError("apt knows no address of Debian's packages")


def bring_plugins(folder: Path) -> Path:
    """Put the client's plugins compose and buildx into a folder, unless they are there; return the folder.

    Raises:
        DockerUnavailableError: Debian's packages cannot be had.
    """
    if all((folder / name).exists() for name in PLUGINS):
        return folder
    scratch = folder.with_name("plugins.part")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        unpack(PLUGINS, scratch)
    except CommandError as error:
        raise DockerUnavailableError(f"compose v2 cannot be had from Debian's packages: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLUGINS:
        (scratch / "unpacked/usr/libexec/docker/cli-plugins" / name).replace(folder / name)
    shutil.rmtree(scratch)
    return folder


def unpack(packages: tuple[str, ...], scratch: Path) -> None:
    """Download packages of another Debian with an apt set-up of their own, and unpack them below `scratch`."""
    for name in ("sources", "lists/partial", "cache"):
        (scratch / name).mkdir(parents=True)
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {PLUGINS_FROM} main\n"
    (scratch / "sources/debian.list").write_text(source, encoding="utf-8")
    places = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": scratch / "sources",
        "Dir::State::lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "root",  # apt's own user may not enter our folders
    }
    settings = [f"-o{name}={value}" for name, value in places.items()]
    run("apt-get", "update", "-qq", APT_TRIES, *settings, seconds=180)
    run("apt-get", "download", "-qq", APT_TRIES, *settings, *packages, seconds=180, folder=scratch)
    for package in packages:
        [archive] = scratch.glob(f"{package}_*.deb")
        run("dpkg-deb", "-x", str(archive), str(scratch / "unpacked"))
