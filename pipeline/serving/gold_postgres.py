"""The table bitcoin_gold_data in PostgreSQL: gold's rows, each inserted or updated by its key.

The revision up to which the table holds gold is written in the same transaction as the rows: a crash parts neither. A
database that is new, or that followed another lake, is filled from the start by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from pipeline.errors import ServiceError, SinkError
from pipeline.failpoints import reach
from pipeline.markets import SIMULATOR
from pipeline.serving.clients import connect_owner
from pipeline.serving.database_setup import REFUSED_LOGIN
from pipeline.serving.gold_rows import GoldRows, Part
from pipeline.settings.serving import PostgresSettings
from pipeline.tables.gold import BITCOIN_GOLD
from pipeline.tables.model import TIMESTAMP, Column

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

TABLE = BITCOIN_GOLD.name
STATEMENTS = Path(__file__).with_name("sql")
TYPES = {TIMESTAMP: "timestamp", "string": "text", "double": "double precision"}
REMEDIES = {
    "25006": "it only reads, as a standby does: let POSTGRES_URL name the primary",
    "53100": "its disk is full: free some space",
    "42501": "let POSTGRES_USER own the table bitcoin_gold_data and create tables in schema public",
    "28P01": "POSTGRES_PASSWORD must be that of POSTGRES_USER",
}
USUAL_REMEDY = "pipeline/scripts/pipeline_status.sh shows whether it runs"


class GoldPostgres:
    """Copies gold to the database of the settings."""

    def __init__(self, postgres: PostgresSettings) -> None:
        self._postgres = postgres

    def sync(self, gold: GoldRows) -> int:
        """Write what the database lacks; return the number of rows.

        Raises:
            SinkError: it is away, refuses, or is full; nothing is lost, and the next call resumes.
        """
        rows = 0
        with postgres_faults(self._postgres), connect_owner(self._postgres) as connection:
            revision = prepare(connection, gold.table_id)
            connection.commit()
            for part in gold.parts(revision):
                rows += write(connection, gold, part)
                reach("gold.postgres.rows")
                connection.commit()
                reach("gold.postgres")
        return rows


@contextmanager
def postgres_faults(postgres: PostgresSettings) -> Iterator[None]:
    """Turn what PostgreSQL and its client raise inside into a `SinkError`."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        words = " ".join(str(error).split())
        raise SinkError(
            f"PostgreSQL at {postgres.url}", words, REMEDIES.get(error.sqlstate or "", USUAL_REMEDY)
        ) from None
    except SinkError:
        raise
    except ServiceError as error:  # no connection
        remedy = REMEDIES["28P01"] if REFUSED_LOGIN in str(error) else USUAL_REMEDY
        raise SinkError("PostgreSQL", str(error), remedy) from None


def create_statements() -> Iterator[str]:
    """Yield the statements that make the table, derived from gold's own, and bring an older one up to date."""
    columns = ", ".join(_column_sql(column) for column in BITCOIN_GOLD.columns)
    yield f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns}, PRIMARY KEY ({', '.join(BITCOIN_GOLD.key)}))"
    for column in BITCOIN_GOLD.columns:
        if column.nullable:
            yield f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS {_column_sql(column)}"
    yield f"CREATE INDEX IF NOT EXISTS {TABLE}_minute ON {TABLE} (minute)"
    # The dashboard asks for the newest simulated candle: without it, a market's table would be read whole.
    yield f"CREATE INDEX IF NOT EXISTS {TABLE}_simulated ON {TABLE} (product_id, minute) WHERE source = '{SIMULATOR}'"


def prepare(connection: psycopg.Connection[Any], table_id: str) -> int:
    """Make the tables where they are missing, and return the revision up to which the database holds gold."""
    connection.execute("SET client_min_messages = warning")
    connection.execute(_statement("create_sync"))
    columns = _columns(connection)
    state = connection.execute(_statement("read_sync"), [TABLE]).fetchone()
    if set(BITCOIN_GOLD.column_names) <= columns and state is not None and state[0] == table_id:
        return int(state[1])
    for statement in create_statements():
        connection.execute(statement)
    if state is None or state[0] != table_id:
        connection.execute(f"TRUNCATE {TABLE}")  # rows of another lake
    connection.execute(_statement("write_sync"), [TABLE, table_id, 0])
    return 0


def write(connection: psycopg.Connection[Any], gold: GoldRows, part: Part) -> int:
    """Insert or update the part's rows and note its revision, without a commit; return the number of rows."""
    rows = 0
    connection.execute(f"CREATE TEMP TABLE incoming (LIKE {TABLE}) ON COMMIT DROP")
    for table in gold.new_rows(part):
        there = connection.execute(_statement("rows_between"), min_max(table["minute"])).fetchone()
        if there is None or not there[0]:
            copy(connection, table, TABLE)  # nothing to update: half the work
        else:
            copy(connection, table, "incoming")
            connection.execute(upsert_statement())
            connection.execute("TRUNCATE incoming")
        rows += table.num_rows
    connection.execute(_statement("write_sync"), [TABLE, gold.table_id, part.revision])
    return rows


def copy(connection: psycopg.Connection[Any], rows: pa.Table, target: str) -> None:
    """Send rows by COPY."""
    columns = ", ".join(rows.column_names)
    statement = f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        for batch in rows.to_batches(max_chunksize=10_000):
            stream.write(to_csv(batch))


def to_csv(batch: pa.RecordBatch) -> bytes:
    """Return rows as CSV without a header; a null is nothing, and numbers keep all their digits."""
    import pyarrow as pa
    from pyarrow import csv

    texts = [column.cast(pa.string()) if pa.types.is_decimal(column.type) else column for column in batch.columns]
    sink = pa.BufferOutputStream()
    plain = pa.RecordBatch.from_arrays(texts, names=batch.schema.names)
    csv.write_csv(plain, sink, csv.WriteOptions(include_header=False))
    return bytes(sink.getvalue())


def upsert_statement() -> str:
    """Return the statement that moves the rows of `incoming` into the table."""
    names = ", ".join(BITCOIN_GOLD.column_names)
    key = ", ".join(BITCOIN_GOLD.key)
    others = [name for name in BITCOIN_GOLD.column_names if name not in BITCOIN_GOLD.key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"INSERT INTO {TABLE} ({names}) SELECT {names} FROM incoming ON CONFLICT ({key}) DO UPDATE SET {changes}"  # noqa: S608 - our own names


def min_max(column: pa.ChunkedArray) -> tuple[object, object]:
    """Return the least and the greatest value."""
    import pyarrow.compute as pc

    found = pc.min_max(column).as_py()
    return found["min"], found["max"]


def _columns(connection: psycopg.Connection[Any]) -> set[str]:
    return {row[0] for row in connection.execute(_statement("table_columns"), [TABLE]).fetchall()}


def _column_sql(column: Column) -> str:
    kind = TYPES.get(column.type, column.type.replace("decimal", "numeric"))
    return f"{column.name} {kind}{'' if column.nullable else ' NOT NULL'}"


def _statement(name: str) -> LiteralString:
    """Return the SQL of a file of this package, which is as trustworthy as code."""
    return (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8")
