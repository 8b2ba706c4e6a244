"""`.env.example` states each setting, with its default."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.settings import CHECKOUT, load_settings, read_settings
from pipeline.settings.values import Reader, Secret

T = TypeVar("T")

DOCUMENTED: list[tuple[str, str]] = re.findall(
    r"^#([A-Z][A-Z0-9_]+)=(.*)$", (CHECKOUT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE
)
OF_THE_ENVIRONMENT_ALONE = {"COINLAKE_HOME", "COINLAKE_PYTHON", "JAVA_HOME", "XDG_CACHE_HOME"}


class NotingReader(Reader):
    """Keeps the name of each variable that was asked for."""

    def __init__(self) -> None:
        super().__init__({})
        self.asked: list[str] = []

    def get(self, variable: str, default: str, parse: Callable[[str], T]) -> T:
        self.asked.append(variable)
        return super().get(variable, default, parse)

    def secret(self, variable: str) -> Secret:
        self.asked.append(variable)
        return super().secret(variable)


def test_each_setting_is_read_once_and_documented_once(tmp_path: Path) -> None:
    reader = NotingReader()
    read_settings(reader, tmp_path)
    documented = [name for name, _ in DOCUMENTED]
    assert sorted({*reader.asked, *OF_THE_ENVIRONMENT_ALONE}) == sorted(documented)
    assert len(reader.asked) == len(set(reader.asked))


def test_the_defaults_are_as_documented(tmp_path: Path) -> None:
    home = {"COINLAKE_HOME": str(tmp_path)}
    stated = {name: value for name, value in DOCUMENTED if value}
    assert load_settings(stated | home) == load_settings(home)
