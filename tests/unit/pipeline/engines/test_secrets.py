"""The home's .env."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from pipeline.engines import secrets
from pipeline.settings.values import read_env_file

MADE_AT_START = {"COINLAKE_API_TOKEN", "COINLAKE_NOTEBOOK_TOKEN"}


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".env"


def test_first_start_makes_random_secrets_that_only_the_owner_reads(env_file: Path) -> None:
    assert set(secrets.ensure(env_file)) == MADE_AT_START
    values = read_env_file(env_file)
    assert set(values) == MADE_AT_START
    assert len(set(values.values())) == 2
    assert all(len(value) >= 40 for value in values.values())
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert [file.name for file in env_file.parent.iterdir()] == [".env"]


def test_a_second_start_changes_nothing(env_file: Path) -> None:
    secrets.ensure(env_file)
    before = env_file.read_bytes()
    assert secrets.ensure(env_file) == []
    assert env_file.read_bytes() == before


def test_values_and_comments_of_the_user_are_kept(env_file: Path) -> None:
    env_file.parent.mkdir()
    env_file.write_text("# mine\nCOINS=bitcoin\nCOINLAKE_API_TOKEN=chosen")
    assert secrets.ensure(env_file) == ["COINLAKE_NOTEBOOK_TOKEN"]
    assert env_file.read_text().startswith("# mine\nCOINS=bitcoin\nCOINLAKE_API_TOKEN=chosen\nCOINLAKE_NOTEBOOK_TOKEN=")


def test_a_secret_named_by_a_file_is_not_made(env_file: Path) -> None:
    env_file.parent.mkdir()
    env_file.write_text("COINLAKE_API_TOKEN_FILE=/run/secrets/api\nCOINLAKE_NOTEBOOK_TOKEN=chosen\n")
    assert secrets.ensure(env_file) == []


def test_a_file_that_others_could_read_is_closed(env_file: Path) -> None:
    secrets.ensure(env_file)
    env_file.chmod(0o644)
    secrets.ensure(env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("serving", ["true", "false"])
def test_the_containers_make_those_of_the_serving_tier_only_with_it(
    serving: str, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(env_file.parent))
    monkeypatch.setenv("COINLAKE_SERVING", serving)
    monkeypatch.setattr(sys, "argv", ["secrets", "--cluster"])
    assert secrets.main() == 0
    made = set(read_env_file(env_file))
    assert set(secrets.CLUSTER_NAMES) < made
    assert made & set(secrets.SERVING_NAMES) == (set(secrets.SERVING_NAMES) if serving == "true" else set())
