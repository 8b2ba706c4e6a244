"""The licences of jars: from the pom or manifest within, a licence's text, or else what `known_jars.tsv` states."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from xml.etree import ElementTree

from pipeline.verbs.licences.names import UNKNOWN, spdx

KNOWN = Path(__file__).with_name("known_jars.tsv")
VERSION = re.compile(r"-v?\d[\w.+]*(-\d+)?(-[a-zA-Z][\w.]*)*$")
TEXT = re.compile(r"(META-INF/)?LICEN[SC]E(\.txt|\.md)?", re.IGNORECASE)
MANIFEST = "META-INF/MANIFEST.MF"
BUNDLE_LICENCE = re.compile(r"^Bundle-License:\s*(.+)$", re.MULTILINE)
READ = 300  # characters of a licence's text: its title


def licences(folder: Path) -> dict[str, str]:
    """Return the licence of each jar below a folder by its name without the version."""
    known = [line.split("\t") for line in KNOWN.read_text(encoding="utf-8").splitlines()]
    found: dict[str, str] = {}
    for jar in sorted(folder.rglob("*.jar")):
        name = VERSION.sub("", jar.stem)
        stated = next((licence for pattern, licence in known if fnmatch(name, pattern)), None)
        found[name] = stated or licence_of(jar, name)
    return found


def licence_of(jar: Path, name: str) -> str:
    """Return the licence that a jar itself states."""
    with zipfile.ZipFile(jar) as bundle:
        for text in _statements(bundle, name):
            if (licence := spdx(text)) != UNKNOWN:
                return licence
    return UNKNOWN


def _statements(bundle: zipfile.ZipFile, name: str) -> Iterator[str]:
    """Yield what a jar says of its licence, the most exact first."""
    files = bundle.namelist()
    for file in files:
        if file.startswith("META-INF/maven/") and file.endswith(f"/{name}/pom.xml"):
            root = ElementTree.fromstring(bundle.read(file))  # noqa: S314  its check sum is in jars.lock
            stated = (
                one.findtext("{*}name") or one.findtext("{*}url") for one in root.iterfind("{*}licenses/{*}license")
            )
            yield "; ".join(filter(None, stated))
    if MANIFEST in files:
        lines = bundle.read(MANIFEST).decode(errors="replace").replace("\r\n", "\n").replace("\n ", "")
        yield from BUNDLE_LICENCE.findall(lines)
    for file in filter(TEXT.fullmatch, files):
        yield " ".join(bundle.read(file)[:READ].decode(errors="replace").split())
