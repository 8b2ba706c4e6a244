"""Registering databases and tables: what is said when an engine is away or refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import PrestoUnreachableError, QueryError, ServiceError
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.verbs import hdfs_folders, hive_setup
from pipeline.verbs.hdfs_folders import make_folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": "http://127.0.0.1:9"})


def test_a_presto_that_is_away_is_named(settings: Settings) -> None:
    with pytest.raises(PrestoUnreachableError, match=r"127\.0\.0\.1:9"):
        list(hive_setup.register(settings))


def test_the_command_line_ends_with_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.verbs.hive_setup.load_settings", lambda: settings)
    assert hive_setup.main() == 1
    assert capsys.readouterr().err.startswith("hive_setup: ")


@pytest.mark.parametrize(("error_name", "refused"), [("ALREADY_EXISTS", False), ("PERMISSION_DENIED", True)])
def test_a_database_that_somebody_made_first_is_fine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error_name: str, refused: bool
) -> None:
    def rows(_presto: Presto, _sql: str) -> list[list[object]]:
        raise QueryError(error_name, "no", "q1")

    monkeypatch.setattr(Presto, "rows", rows)
    if refused:
        with pytest.raises(QueryError):
            hive_setup.register_schema(Presto("http://127.0.0.1:9"), settings, "hive", "crypto")
    else:
        told = hive_setup.register_schema(Presto("http://127.0.0.1:9"), settings, "hive", "crypto")
        assert told.startswith("database hive.crypto at hdfs://")


def test_a_folder_is_asked_for_by_its_path(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def call(_method: str, url: str, **_: object) -> None:
        asked.append(url)
        if len(asked) > 1:
            raise ServiceError("500")

    monkeypatch.setattr(hdfs_folders, "call", call)
    make_folder(settings, f"{settings.lake.warehouse}/crypto.db/coin_data")
    assert asked == [f"{settings.lake.hdfs_http_url}/webhdfs/v1/warehouse/crypto.db/coin_data"]
    with pytest.raises(ServiceError, match=r"did not make /warehouse/x"):
        make_folder(settings, f"{settings.lake.warehouse}/x")
