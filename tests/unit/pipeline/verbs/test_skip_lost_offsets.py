"""Accepting that records are lost: shown first, asked for, and left alone without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from pipeline.errors import ServiceError
from pipeline.events.trades import RAW_TRADES
from pipeline.settings import Settings, load_settings
from pipeline.stream.lost_offsets import ACCEPTED_FILE, LOST_FILE, LostRange, to_json
from pipeline.verbs import skip_lost_offsets, stream_folder

TRADES = LostRange("trades", RAW_TRADES.name, 2, 5, 99)


class NameNode:
    """Stands for HDFS: the files of the streams' checkpoint folder, by name."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def call(self, method: str, url: str, *, params: Mapping[str, str] | None = None) -> httpx.Response:
        if params is None:
            return httpx.Response(200, text=self.files[url.removeprefix("http://data-node.example/")])
        folder, _, name = url.partition("/webhdfs/v1/checkpoints/stream")
        assert (folder, params["user.name"]) == ("http://hdfs.example:9870", "coinlake")
        name = name.removeprefix("/")
        match method, params["op"]:
            case "GET", "LISTSTATUS":
                listed = [{"pathSuffix": file} for file in ("bronze", *self.files)]
                return httpx.Response(200, json={"FileStatuses": {"FileStatus": listed}})
            case "GET", "OPEN":
                assert params["noredirect"] == "true"
                return httpx.Response(200, json={"Location": f"http://data-node.example/{name}"})
            case "DELETE", "DELETE":
                return httpx.Response(200, json={"boolean": self.files.pop(name, None) is not None})
            case "PUT", "RENAME":
                target = params["destination"].removeprefix("/checkpoints/stream/")
                is_free = target not in self.files and name in self.files
                if is_free:
                    self.files[target] = self.files.pop(name)
                return httpx.Response(200, json={"boolean": is_free})
            case other:
                pytest.fail(f"{other}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_HTTP_URL": "http://hdfs.example:9870"})


@pytest.fixture
def name_node(monkeypatch: pytest.MonkeyPatch) -> NameNode:
    found = NameNode({"identity.json": "{}", LOST_FILE: to_json([TRADES])})
    monkeypatch.setattr(stream_folder, "call", found.call)
    return found


def test_what_is_accepted_replaces_an_older_acceptance(
    settings: Settings, name_node: NameNode, capsys: pytest.CaptureFixture[str]
) -> None:
    name_node.files[ACCEPTED_FILE] = "older"
    assert skip_lost_offsets.run(settings, unasked=True) == 0
    assert name_node.files == {"identity.json": "{}", ACCEPTED_FILE: to_json([TRADES])}
    printed = capsys.readouterr().out
    assert f"{RAW_TRADES.name} partition 2, offsets 5 to 99 (95 records)" in printed
    assert "reopen_gaps.sh" in printed


def test_without_a_terminal_nothing_is_accepted_unasked(
    settings: Settings, name_node: NameNode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert skip_lost_offsets.run(settings, unasked=False) == 1
    assert LOST_FILE in name_node.files
    assert "add --yes" in capsys.readouterr().err


def test_nothing_lost_is_nothing_to_do(
    settings: Settings, name_node: NameNode, capsys: pytest.CaptureFixture[str]
) -> None:
    del name_node.files[LOST_FILE]
    assert skip_lost_offsets.run(settings, unasked=True) == 0
    assert "No record was lost" in capsys.readouterr().out


def test_a_refused_rename_is_a_fault(settings: Settings, name_node: NameNode, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = httpx.Response(200, json={"boolean": False})
    answers = {"RENAME": refused}
    monkeypatch.setattr(
        stream_folder,
        "call",
        lambda method, url, *, params=None: (
            answers.get((params or {}).get("op")) or name_node.call(method, url, params=params)
        ),
    )
    with pytest.raises(ServiceError, match="did not rename"):
        skip_lost_offsets.run(settings, unasked=True)
