"""Jars of a few bytes, and a downloader that serves them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.engines.jars.artifacts import Artifact


def of(content: bytes, name: str, jar_set: str = "kafka", version: str = "1.0", **more: str) -> Artifact:
    """Return an artifact of group `org.example` with the check sum of its content."""
    return Artifact(jar_set, "org.example", name, version, sha256=hashlib.sha256(content).hexdigest(), **more)


class FakeDownloader:
    """Serves contents by file name; whatever it is not given stays missing."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.asked: list[list[str]] = []

    def __call__(self, wanted: Sequence[Artifact], into: Path, scratch: Path, on_line: Callable[[str], None]) -> None:
        self.asked.append([one.filename for one in wanted])
        for one in wanted:
            if one.filename in self.contents:
                (into / one.path).parent.mkdir(parents=True, exist_ok=True)
                (into / one.path).write_bytes(self.contents[one.filename])
                on_line(f"downloaded .../{one.filename}")


def ignore(_line: str) -> None:
    """Watch nothing."""
