"""Make the lock: let Maven resolve each set of `pom.xml` and take the check sums of what it found."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from pipeline.engines.jars.artifacts import POM, Artifact
from pipeline.errors import JarError

DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
POM_NAMESPACE = {"pom": "http://maven.apache.org/POM/4.0.0"}
LISTED = re.compile(
    r"\s+(?P<group>[^:\s]+):(?P<name>[^:]+):(?P<ext>[^:]+):(?:(?P<classifier>[^:]+):)?(?P<version>[^:]+)"
    r":(?:compile|runtime):(?P<file>[^\s].*?)(?: -- module .*)?"
)


def resolve_all(pom: Path = POM) -> list[Artifact]:
    """Return every artifact of every set in `pom`, with check sums."""
    return [artifact for jar_set in jar_sets(pom) for artifact in _resolve(pom, jar_set)]


def jar_sets(pom: Path = POM) -> list[str]:
    """Return the names of the sets, which are the profiles of the pom."""
    root = ElementTree.parse(pom).getroot()  # noqa: S314  # our own file
    return [name.text or "" for name in root.findall("pom:profiles/pom:profile/pom:id", POM_NAMESPACE)]


def parse_listing(text: str, jar_set: str) -> list[tuple[Artifact, Path]]:
    """Read the output of `dependency:list` with absolute file names."""
    found = []
    for line in text.splitlines():
        match = LISTED.fullmatch(line)
        if match:
            parts = {key: value or "" for key, value in match.groupdict().items()}
            file = Path(parts.pop("file"))
            found.append((Artifact(jar_set=jar_set, **parts), file))
    return found


def sha256_of(file: Path) -> str:
    """Return the file's check sum in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _resolve(pom: Path, jar_set: str) -> list[Artifact]:
    with tempfile.TemporaryDirectory() as scratch:
        listing = Path(scratch) / "list.txt"
        command = ["mvn", "--batch-mode", "--quiet", "--file", str(pom), f"--activate-profiles={jar_set}"]
        command += [f"{DEPENDENCY_PLUGIN}:list", f"-DoutputFile={listing}", "-DincludeScope=runtime"]
        run = subprocess.run([*command, "-DoutputAbsoluteArtifactFilename=true"], check=False)
        if run.returncode != 0:
            raise JarError(f"Maven could not resolve the set {jar_set} of {pom}")
        found = parse_listing(listing.read_text(encoding="utf-8"), jar_set)
    return [
        Artifact(jar_set, one.group, one.name, one.version, one.classifier, one.ext, sha256_of(file))
        for one, file in found
    ]
