"""Removing a source by its verb: what is shown, asked, ordered and forgotten, on stand-ins for the engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import RequestError
from pipeline.settings import Settings, load_settings
from pipeline.verbs import remove_source
from pipeline.verbs.console import Stages
from pipeline.verbs.hdfs_folders import folder_names
from pipeline.verbs.remove_source import main, parse, run

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

HELD = [
    ["csv_coingecko", "bitcoin", 2, "2013-04-28 00:00:00.000", "2013-04-29 00:00:00.000"],
    ["csv_coingecko", "solana", 1, "2020-04-28 00:00:00.000", "2020-04-28 00:00:00.000"],
    ["simulator", "bitcoin", 9, "2026-01-01 00:00:00.000", "2026-01-01 00:00:00.000"],
]


class Lake:
    """The scheduler, Presto and the Spark job, which does what is asked at the second look."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.requests: list[str] = []
        self.looks = 0
        self.forgotten: list[tuple[str, str | None]] = []
        self.forgets = 1

    def busy_coins(self) -> set[str]:
        return self.busy

    def forget(self, source: str, coin: str | None) -> int:
        self.forgotten.append((source, coin))
        return self.forgets

    def rows(self, _sql: str) -> list[list[Any]]:
        return HELD

    def make_folder(self, _settings: Settings, location: str) -> None:
        self.requests.append(location)

    def folder_names(self, _settings: Settings, location: str) -> set[str]:
        self.looks += 1
        return {name.removeprefix(f"{location}/") for name in self.requests} if self.looks < 2 else set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path)})


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Lake:
    lake = Lake()
    monkeypatch.setattr(remove_source, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(remove_source, "SchedulerApi", lambda _: lake)
    monkeypatch.setattr(remove_source, "Presto", lambda *_, **__: lake)
    monkeypatch.setattr(remove_source, "wait_for_stream", lambda *_: None)
    monkeypatch.setattr(remove_source, "make_folder", lake.make_folder)
    monkeypatch.setattr(remove_source, "folder_names", lake.folder_names)
    return lake


def test_one_coin_of_a_source_is_removed_and_forgotten(
    settings: Settings, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, parse(["--source", "csv_coingecko", "--coin", "BTC", "--yes"]), Stages()) == 0
    assert lake.requests == [f"{settings.lake.hdfs_uri}/requests/remove_source/csv_coingecko@bitcoin"]
    assert lake.forgotten == [("csv_coingecko", "bitcoin")]
    shown = capsys.readouterr().out
    assert "bitcoin: 2 rows from 2013-04-28 00:00:00.000 to 2013-04-29 00:00:00.000" in shown
    assert "solana" not in shown
    assert "csv_coingecko is removed (2 rows)" in shown


def test_without_a_terminal_it_wants_yes(settings: Settings, lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(settings, parse(["--source", "csv_coingecko"]), Stages()) == 1
    assert (lake.requests, lake.forgotten) == ([], [])
    assert "add --yes" in capsys.readouterr().err


def test_a_source_that_is_not_there_names_those_that_are(settings: Settings, lake: Lake) -> None:
    lake.forgets = 0
    with pytest.raises(RequestError, match="no prices of csv_kaggle for bitcoin; its sources: csv_coin"):
        run(settings, parse(["--source", "csv_kaggle", "--coin", "bitcoin", "--yes"]), Stages())


def test_what_an_interruption_left_is_forgotten_too(settings: Settings, lake: Lake) -> None:
    assert run(settings, parse(["--source", "csv_kaggle", "--yes"]), Stages()) == 0
    assert (lake.requests, lake.forgotten) == ([], [("csv_kaggle", None)])


def test_a_history_under_way_stands_against_it(settings: Settings, lake: Lake) -> None:
    lake.busy = {"bitcoin"}
    assert run(settings, parse(["--source", "csv_coingecko", "--coin", "solana", "--yes"]), Stages()) == 0
    with pytest.raises(RequestError, match="history of bitcoin is being filled in"):
        run(settings, parse(["--source", "csv_coingecko", "--yes"]), Stages())


@pytest.mark.parametrize("words", [[], ["--source", "x' OR true"], ["--source", "a", "--nope"]])
def test_wrong_arguments_end_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_the_names_in_a_folder_come_over_http(settings: Settings, presto: FakePresto) -> None:
    presto.answer = {"FileStatuses": {"FileStatus": [{"pathSuffix": "csv_coingecko@"}]}}
    near = replace(settings, lake=replace(settings.lake, hdfs_http_url=presto.url))
    assert folder_names(near, f"{settings.lake.hdfs_uri}/requests/remove_source") == {"csv_coingecko@"}
