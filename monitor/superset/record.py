"""What was provisioned last, kept in Superset's own database: lost and restored with what it describes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.superset.addresses import metadata_uri
from pipeline.errors import ServiceError

if TYPE_CHECKING:
    from pipeline.settings.serving import PostgresSettings

SQL = Path(__file__).resolve().parent / "sql"
LOOK_AGAIN_S = 0.5
CONNECT_S = 5


@dataclass(frozen=True)
class Provisioned:
    """What the last complete provisioning was made from, and all that any began to import."""

    stamp: str
    password: str  # a keyed checksum of the admin's password in the settings
    uuids: dict[str, list[str]]


NOTHING = Provisioned("", "", {})


class Record:
    """The record of one Superset, a table with a single row."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # psycopg2 has no types
        self._connection = connection

    def read(self) -> Provisioned:
        """Return what the record holds; empty for a new database."""
        self._execute("record_table")
        row = self._execute("record_read").fetchone()
        return Provisioned(row[0], row[1], json.loads(row[2])) if row else NOTHING

    def write(self, found: Provisioned) -> None:
        """Replace the record."""
        self._execute("record_write", (found.stamp, found.password, json.dumps(found.uuids)))

    def _execute(self, name: str, values: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
        cursor = self._connection.cursor()
        cursor.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"), values)
        return cursor


@contextmanager
def opened(postgres: PostgresSettings, within_s: float) -> Iterator[Record]:
    """Connect to the metadata's database, trying again while it is being made; one provisioning at a time.

    Raises:
        ServiceError: it cannot be reached within the time.
    """
    import psycopg2

    address = metadata_uri(postgres).replace("postgresql+psycopg2://", "postgresql://")
    deadline = time.monotonic() + within_s
    while True:
        try:
            connection = psycopg2.connect(address, connect_timeout=CONNECT_S, application_name="superset")
            break
        except psycopg2.Error as error:
            if time.monotonic() > deadline:
                raise ServiceError(f"Superset's database at {postgres.url}: {' '.join(str(error).split())}") from None
        time.sleep(LOOK_AGAIN_S)
    connection.autocommit = True
    try:
        connection.cursor().execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield Record(connection)
    finally:
        connection.close()


LOCK = 0x636F696E  # any number that nothing else in this database uses
