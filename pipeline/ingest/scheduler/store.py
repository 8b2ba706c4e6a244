"""The scheduler's SQLite file: its jobs, and what Kafka has acknowledged."""

from __future__ import annotations

from pathlib import Path

from pipeline.ingest.store import Store

SCHEMA = Path(__file__).with_name("store.sql")


def open_store(path: Path) -> Store:
    """Open the file, or make it."""
    return Store(path, SCHEMA)
