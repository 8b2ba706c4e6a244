"""The addresses of the databases as Superset's SQLAlchemy writes them, with user and password."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from pipeline.settings import Settings
from pipeline.settings.serving import PostgresSettings
from pipeline.settings.values import Secret

METADATA = "superset"
"""The database of Superset's own tables, beside gold's in the same PostgreSQL."""


def metadata_uri(postgres: PostgresSettings) -> str:
    """Return the address of Superset's metadata, as the role that owns it."""
    return _postgres(postgres, postgres.user, postgres.password, METADATA)


def gold_uri(postgres: PostgresSettings) -> str:
    """Return the address of gold, as the role that may only read."""
    return _postgres(postgres, postgres.reader, postgres.reader_password, urlsplit(postgres.url).path.strip("/"))


def presto_uri(settings: Settings) -> str:
    """Return the address of the lake's tables in Presto."""
    address = urlsplit(settings.lake.presto_url)
    return f"presto://superset@{address.netloc}/iceberg/gold"


def _postgres(postgres: PostgresSettings, user: str, password: Secret, database: str) -> str:
    login = f"{quote(user, safe='')}:{quote(password.reveal(), safe='')}"
    address = urlsplit(postgres.url)
    query = f"?{address.query}" if address.query else ""
    return f"postgresql+psycopg2://{login}@{address.netloc}/{database}{query}"
