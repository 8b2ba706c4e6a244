"""The settings of a Databricks workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings
from pipeline.settings.databricks import DatabricksSettings
from pipeline.settings.values import Secret


def read(home: Path, **environ: str) -> DatabricksSettings:
    return load_settings({"COINLAKE_HOME": str(home), **environ}).databricks


def test_no_workspace_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path) == DatabricksSettings("", Secret(""), "")


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://adb-1.7.azuredatabricks.net", "https://adb-1.7.azuredatabricks.net"),
        ("adb-1.7.azuredatabricks.net", "https://adb-1.7.azuredatabricks.net"),
        ("https://dbc-1.cloud.databricks.com/?o=12", "https://dbc-1.cloud.databricks.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_is_taken_as_a_browser_shows_it(given: str, host: str, tmp_path: Path) -> None:
    assert read(tmp_path, DATABRICKS_HOST=given).host == host


@pytest.mark.parametrize("value", ["http://example.com", "ftp://example.com", "https://", "https://me:secret@host"])
def test_a_token_never_travels_in_the_clear(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"DATABRICKS_HOST=.*https://adb"):
        read(tmp_path, DATABRICKS_HOST=value)


def test_the_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("dapi-planted\n")
    settings = read(tmp_path, DATABRICKS_TOKEN_FILE=str(tmp_path / "token"))
    assert settings.token.reveal() == "dapi-planted"
    assert "dapi-planted" not in repr(settings)


def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DATABRICKS_TOKEN_FILE"):
        read(tmp_path, DATABRICKS_TOKEN_FILE=str(tmp_path / "none"))


def test_a_volume_has_three_names(tmp_path: Path) -> None:
    assert read(tmp_path, DATABRICKS_VOLUME="/Volumes/a/b/c/").volume == "/Volumes/a/b/c"
    with pytest.raises(SettingsError, match=r"DATABRICKS_VOLUME='/Volumes/a/b'"):
        read(tmp_path, DATABRICKS_VOLUME="/Volumes/a/b")
