"""Both ways of downloading bring the same files: a few small jars of the real lock, through the real tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.engines.jars import artifacts, cache, download
from pipeline.host import machine

# One of each kind: plain, with a classifier, a zip.
SAMPLE = {"slf4j-simple", "netty-transport-native-epoll", "presto-tpch"}


@pytest.mark.parametrize(
    ("tool", "downloader"), [("mvn", download.with_maven), ("java", download.with_ivy)], ids=["maven", "ivy"]
)
def test_the_tool_brings_exactly_the_locked_files(tool: str, downloader: download.Downloader, tmp_path: Path) -> None:
    if (machine.java_command() if tool == "java" else shutil.which(tool)) is None:
        pytest.skip(f"{tool} is not installed")
    wanted = [one for one in artifacts.read_lock() if one.name in SAMPLE]
    assert len({one.ext for one in wanted}) == 2
    assert any(one.classifier for one in wanted)
    cache.fill(wanted, tmp_path, downloader, lambda _line: None)  # it checks every sum
    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {one.path for one in wanted}
