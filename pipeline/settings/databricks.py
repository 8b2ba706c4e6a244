"""The Databricks workspace that jobs may run on, its token, and the volume for their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.settings.values import Reader, Secret

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
VOLUME = re.compile(r"/Volumes(/[^/\s]+){3,}")


@dataclass(frozen=True)
class DatabricksSettings:
    """A workspace; without a host jobs run on this machine only."""

    host: str  # https://..., without a path
    token: Secret
    volume: str  # /Volumes/CATALOG/SCHEMA/VOLUME[/FOLDER]; empty: dbfs:/tmp, where the workspace still has it


def read_databricks(reader: Reader) -> DatabricksSettings:
    """Read the workspace's settings, under the names that Databricks' own tools use."""
    return DatabricksSettings(
        host=reader.get("DATABRICKS_HOST", "", _workspace),
        token=reader.secret("DATABRICKS_TOKEN"),
        volume=reader.get("DATABRICKS_VOLUME", "", _volume),
    )


def _workspace(value: str) -> str:
    """Parse an address as a browser shows it; only https, since the token goes there with every call."""
    if not value:
        return ""
    parts = urlsplit(value if "://" in value else f"https://{value}")
    plain_but_local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or parts.username is not None or not (parts.scheme == "https" or plain_but_local):
        raise ValueError("the workspace's address, such as https://adb-1234567890123456.7.azuredatabricks.net")
    return f"{parts.scheme}://{parts.netloc}"


def _volume(value: str) -> str:
    if value and not VOLUME.fullmatch(value.rstrip("/")):
        raise ValueError("a volume of Unity Catalog, such as /Volumes/main/default/coinlake")
    return value.rstrip("/")
