"""Programs that stand in for those of this machine."""

from __future__ import annotations

from pathlib import Path


class Programs:
    """A folder that comes first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, *lines: str) -> None:
        """Write a shell script under a program's name."""
        path = self.folder / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        path.chmod(0o755)
