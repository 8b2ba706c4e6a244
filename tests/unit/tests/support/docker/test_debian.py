"""What a Debian machine may install, and from where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.docker import debian
from tests.support.docker.commands import DockerUnavailableError
from tests.support.programs import Programs


def test_engine_is_brought_up_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "debian_version", lambda: "12")
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/apt-get")
    assert debian.reason_not_to_install({"CI": "true"}) is None
    assert debian.reason_not_to_install({"COINLAKE_TEST_DOCKER": "1"}) is None
    assert "only under CI=true or by tests/run.sh containers" in str(debian.reason_not_to_install({"CI": "false"}))
    monkeypatch.setattr(debian, "debian_version", lambda: "11")
    assert "only on Debian 12 and 13" in str(debian.reason_not_to_install({"CI": "true"}))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "only root" in str(debian.reason_not_to_install({"CI": "true"}))


def test_other_systems_are_no_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    release = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "12"}
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert debian.debian_version() == ""
    release["ID"] = "debian"
    assert debian.debian_version() == "12"


def test_mirror_is_the_one_that_apt_uses(programs: Programs) -> None:
    lines = [
        "stable extra http://a/",
        "bookworm-security main http://b/",
        "bookworm contrib http://d/",
        "bookworm main http://c/",
    ]
    programs.write("apt-get", *[f"echo '{line}'" for line in lines])
    assert debian.mirror() == "http://c/"
    programs.write("apt-get", "echo 'stable main http://a/'")
    with pytest.raises(DockerUnavailableError, match="no address"):
        debian.mirror()


def test_unreachable_packages_are_a_reason_to_skip(programs: Programs, tmp_path: Path) -> None:
    programs.write("apt-get", 'case "$1" in indextargets) echo bookworm main http://c/ ;; *) exit 100 ;; esac')
    with pytest.raises(DockerUnavailableError, match="compose v2 cannot be had"):
        debian.bring_plugins(tmp_path / "client" / "cli-plugins")
    assert not (tmp_path / "client" / "cli-plugins").exists()
