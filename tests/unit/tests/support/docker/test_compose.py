"""Where compose v2 comes from, and what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.docker import debian
from tests.support.docker.commands import CommandError, DockerUnavailableError
from tests.support.docker.compose import ComposeFile, compose_command
from tests.support.programs import Programs


def test_client_that_has_compose_is_used(programs: Programs, tmp_path: Path) -> None:
    programs.write("docker", '[ "$*" = "compose version" ]')
    assert compose_command(tmp_path / "home") == ["docker", "compose"]
    assert not (tmp_path / "home").exists()


def test_without_one_the_plugin_alone_is_brought(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.write("docker", "exit 1")
    monkeypatch.setattr(debian, "reason_not_to_install", lambda _environment: None)
    monkeypatch.setattr(debian, "bring_plugins", lambda folder: folder)
    assert compose_command(tmp_path) == [f"{tmp_path}/docker-client/cli-plugins/docker-compose"]
    monkeypatch.setattr(debian, "reason_not_to_install", lambda _environment: "it is not ours")
    with pytest.raises(DockerUnavailableError, match="no compose v2, and it is not ours"):
        compose_command(tmp_path)


def test_variables_of_the_user_are_not_seen(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COINS", "the user's")
    monkeypatch.setenv("DOCKER_CONFIG", "/plugins")
    programs.write("docker", 'echo "$*; $COINS; $DOCKER_CONFIG; $(pwd)"; echo a warning >&2')
    compose = ComposeFile(["docker", "compose"], tmp_path)
    said = f"; ; /plugins; {tmp_path}\n"
    assert compose.config("--profiles") == f"compose config --profiles{said}"
    assert compose.warnings("a") == f"compose --profile=a config --quiet{said}a warning\n"


def test_file_that_compose_refuses_is_told(programs: Programs, tmp_path: Path) -> None:
    programs.write("docker", "echo 'services.kafka additional properties imge not allowed'; exit 15")
    with pytest.raises(CommandError, match=r"exit code 15\nservices\.kafka additional"):
        ComposeFile(["docker", "compose"], tmp_path).profiles()
