"""The bundle: Superset's YAML of databases, datasets, charts and dashboards, rendered from templates.

It holds the reader's password and therefore only ever exists in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.superset.addresses import gold_uri, presto_uri
from pipeline.errors import ServiceError
from pipeline.settings import Settings

HERE = Path(__file__).resolve().parent
BUNDLE = "bundle"
METADATA = {"metadata.yaml": "version: 1.0.0\ntype: assets\n"}
KINDS = ("dashboards", "charts", "datasets", "databases")
"""In the order in which they are deleted: each before what it uses."""
UUID = re.compile(r'^uuid: "?([0-9a-f-]{36})"?$', re.MULTILINE)


@dataclass(frozen=True)
class Bundle:
    """Files by name, as Superset's importer takes them."""

    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """A checksum of all of it."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()

    @property
    def uuids(self) -> dict[str, list[str]]:
        """The uuids of what it defines, by kind."""
        found: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for name, text in sorted(self.files.items()):
            kind = name.partition("/")[0]
            if kind in found:
                found[kind].append(_uuid(name, text))
        return found


def render(settings: Settings, folder: Path = HERE) -> Bundle:
    """Render every template below `bundle/`; SQL comes from the files in `sql/`."""
    environment = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)  # noqa: S701  # YAML
    values = {
        "gold_uri": json.dumps(gold_uri(settings.serving.postgres)),
        "presto_uri": json.dumps(presto_uri(settings)),
        "sql": lambda name: json.dumps(environment.get_template(f"sql/{name}.sql").render()),
    }
    names = [name for name in environment.list_templates(extensions=["yaml"]) if name.startswith(f"{BUNDLE}/")]
    files = {name.removeprefix(f"{BUNDLE}/"): environment.get_template(name).render(values) for name in names}
    return Bundle({**METADATA, **files})


def removed(before: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the uuids, by kind, that were imported before and are in the bundle no more."""
    return {kind: [uuid for uuid in before.get(kind, []) if uuid not in now.get(kind, [])] for kind in KINDS}


def united(before: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the uuids, by kind, of either."""
    return {kind: sorted({*before.get(kind, []), *now.get(kind, [])}) for kind in KINDS}


def _uuid(name: str, text: str) -> str:
    match = UUID.search(text)
    if match is None:
        raise ServiceError(f"monitor/superset/{BUNDLE}/{name} has no line `uuid: ...` of its own")
    return match[1]
