"""The statements in `analysis/sql/`, one a file."""

from __future__ import annotations

from pathlib import Path

SQL_DIR = Path(__file__).with_name("sql")


def load_sql(name: str) -> str:
    """Return the statement in `analysis/sql/<name>.sql`."""
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8").strip().removesuffix(";")
