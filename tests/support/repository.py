"""The files of the repository, for checks that read them."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Repository:
    """Every file that is, or is about to be, under version control; paths are absolute."""

    def __init__(self, root: Path) -> None:
        self.root = root
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        self._files = sorted(root / name for name in listed.split("\0") if name and (root / name).is_file())

    def files(self, *suffixes: str) -> list[Path]:
        """Return the files with one of the suffixes; without any, all of them."""
        return [path for path in self._files if not suffixes or path.suffix in suffixes]

    def shell_scripts(self) -> list[Path]:
        """Return what a shell runs, known by its suffix or by its first line."""
        plain = [path for path in self.files("") if path.read_bytes().startswith(b"#!/usr/bin/env bash")]
        return [*self.files(".sh"), *plain]

    def name(self, path: Path) -> str:
        """Return a file's path from the root."""
        return str(path.relative_to(self.root))
