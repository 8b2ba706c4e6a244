"""Register the databases, the plain Hive table and the views, through Presto; doing it again changes nothing.

`python -m pipeline.verbs.hive_setup`. The Iceberg tables are made by the Spark job, which alone writes them; the views
on them are replaced each time, so that an edited one, or another setting COINS, arrives with the next set-up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pipeline.errors import CoinlakeError, QueryError, TableMissingError
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.tables import views
from pipeline.tables.catalog import HIVE_TABLES, TABLES
from pipeline.tables.model import Table
from pipeline.verbs.hdfs_folders import make_folder


def main() -> int:
    """Register everything, one line each; return the exit code."""
    try:
        settings = load_settings()
        for line in register(settings):
            print(line)  # noqa: T201 - a command line
        print(_views_line(settings))  # noqa: T201 - a command line
    except CoinlakeError as error:
        print(f"hive_setup: {error}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    return 0


def register(settings: Settings) -> Iterator[str]:
    """Register all databases and Hive tables; yield one line for each.

    Raises:
        ServiceError: HDFS does not answer or refuses.
        PrestoUnreachableError: Presto is down or still starting.
        QueryError: Presto refused a statement.
    """
    presto = Presto(settings.lake.presto_url, source="hive_setup")
    for schema in dict.fromkeys((table.catalog, table.schema) for table in TABLES):
        yield register_schema(presto, settings, *schema)
    for table in HIVE_TABLES:
        yield register_table(presto, settings, table)


def register_views(settings: Settings) -> str:
    """Make or replace the views, whose tables must be there; return what to tell.

    Raises:
        TableMissingError: the Spark job has not made its tables yet.
        PrestoUnreachableError: Presto is down or still starting.
        QueryError: Presto refused a statement.
    """
    presto = Presto(settings.lake.presto_url, source="hive_setup")
    for name in views.NAMES:
        presto.rows(views.create_sql(name, settings))
    return f"views {', '.join(views.NAMES)} in {views.SCHEMA}"


def _views_line(settings: Settings) -> str:
    try:
        return register_views(settings)
    except TableMissingError:
        return "the views wait for the tables, which the Spark job makes: run this again when it is up"


def register_schema(presto: Presto, settings: Settings, catalog: str, schema: str) -> str:
    """Make a database in the metastore, its folder below the warehouse; return what to tell."""
    location = f"{settings.lake.warehouse}/{schema}.db"
    try:
        presto.rows(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{schema} WITH (location = '{location}')")
    except QueryError as error:
        if error.name != "ALREADY_EXISTS":  # the Spark job, starting at the same time, was first
            raise
    return f"database {catalog}.{schema} at {location}"


def register_table(presto: Presto, settings: Settings, table: Table) -> str:
    """Make an external table on a folder that exists; its partitions come with the first publishing."""
    location = settings.lake.table_location(table.schema, table.name)
    make_folder(settings, location)
    presto.rows(table.create_external_sql(location))
    return f"table {table.full_name} at {location}"


if __name__ == "__main__":
    sys.exit(main())
