"""What one locked jar is, and how `jars.lock` is read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import JarError

ENGINES = Path(__file__).resolve().parent.parent
POM = ENGINES / "pom.xml"
LOCK = ENGINES / "jars.lock"

HEADER = """\
# Made by `python -m pipeline.engines.jars lock` from pom.xml; do not edit.
# set  group:artifact:version[:classifier][@extension]  sha256
"""
LINE = re.compile(
    r"(?P<jar_set>\S+) (?P<group>[^:\s]+):(?P<name>[^:\s]+):(?P<version>[^:@\s]+)"
    r"(?::(?P<classifier>[^:@\s]+))?(?:@(?P<ext>\S+))? (?P<sha256>[0-9a-f]{64})"
)


@dataclass(frozen=True, order=True)
class Artifact:
    """One file of a Maven repository, member of one set (one engine's class path)."""

    jar_set: str
    group: str
    name: str
    version: str
    classifier: str = ""
    ext: str = "jar"
    sha256: str = ""

    @property
    def filename(self) -> str:
        """The file's name in a repository."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{classifier}.{self.ext}"

    @property
    def path(self) -> str:
        """The file's place in a repository and in the download cache, relative to its root."""
        return f"{self.group.replace('.', '/')}/{self.name}/{self.version}/{self.filename}"

    @property
    def coordinates(self) -> str:
        """The artifact as the lock file writes it."""
        classifier = f":{self.classifier}" if self.classifier else ""
        ext = "" if self.ext == "jar" else f"@{self.ext}"
        return f"{self.group}:{self.name}:{self.version}{classifier}{ext}"


def read_lock(path: Path = LOCK) -> list[Artifact]:
    """Return the locked artifacts in the file's order; raise `JarError` on a line that is not one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_parse(line, f"{path.name}:{number}") for number, line in enumerate(lines, 1) if line and line[0] != "#"]


def write_lock(artifacts: Iterable[Artifact], path: Path = LOCK) -> None:
    """Write the lock, sorted by set and coordinates so that a change shows as a small difference."""
    lines = [f"{one.jar_set} {one.coordinates} {one.sha256}\n" for one in sorted(artifacts)]
    path.write_text(HEADER + "".join(lines), encoding="utf-8")


def _parse(line: str, where: str) -> Artifact:
    match = LINE.fullmatch(line)
    if match is None:
        raise JarError(f"{where}: not a line of the lock: {line}")
    return Artifact(**{key: value for key, value in match.groupdict().items() if value is not None})
