"""A stand-in for the Docker client: it answers what a test tells it to, and writes down what it was asked."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from pipeline.settings import Settings, load_settings

SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> {asked}
case "$*" in
{cases}
esac
"""


class FakeDocker:
    """Its answers by a word of the command line; a command without an answer prints nothing and ends well."""

    def __init__(self, folder: Path) -> None:
        self._program, self._asked = folder / "docker", folder / "asked"
        self._asked.touch()
        self.answers: dict[str, tuple[str, int]] = {}
        self._write()

    def answer(self, words: str, said: object, exit_code: int = 0) -> None:
        """Say this whenever the words are part of the command; a mapping or list as JSON, a line for each entry."""
        entries = said if isinstance(said, list) else [said]
        text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in entries)
        self.answers[words] = (text, exit_code)
        self._write()

    @property
    def asked(self) -> list[str]:
        """Every command line so far."""
        return self._asked.read_text().splitlines()

    def _write(self) -> None:
        lines = []
        for words, (text, code) in self.answers.items():
            stream = ">&2" if code and not text.startswith("{") else ""
            lines.append(f"*{shlex.quote(words)}*) printf '%s\\n' {shlex.quote(text)} {stream}; exit {code} ;;")
        self._program.write_text(SCRIPT.format(asked=shlex.quote(str(self._asked)), cases="\n".join(lines)))
        self._program.chmod(0o755)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """The only `docker` on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return FakeDocker(folder)


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    """The settings of an empty home, on ports of its own."""
    return load_settings({"COINLAKE_HOME": str(tmp_path / "home"), "COINLAKE_PORT_BASE": "21000"})
