"""Make the databases and the roles of the serving tier's PostgreSQL, our own or anyone's.

What is right already is left alone, so it may run at each start, and needs no more rights than what is missing takes:
on a PostgreSQL where an administrator has made everything it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from pipeline.errors import ServiceError, SettingsError
from pipeline.serving.clients import connect_owner, connect_reader
from pipeline.settings import Settings
from pipeline.settings.serving import PostgresSettings
from pipeline.settings.values import Secret

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

SUPERSET = "superset"
"""The database of Superset's metadata, beside that of gold."""
MAINTENANCE = "postgres"  # nearly every PostgreSQL has it, and to make a database one has to be connected to another
REFUSED_LOGIN = "password authentication failed"  # in a server's own words; libpq gives no code for it
STATEMENTS = Path(__file__).with_name("sql")


def ensure(settings: Settings) -> list[str]:
    """Make what is missing; return it in words.

    Raises:
        ServiceError: PostgreSQL does not answer, or the owner lacks a right; with what an administrator has to run.
    """
    postgres = settings.serving.postgres
    if postgres.reader == postgres.user:
        raise SettingsError("POSTGRES_READER", postgres.reader, "another role than POSTGRES_USER, which may write")
    made: list[str] = []
    with _connect_anywhere(postgres) as admin:
        make = Maker(postgres, admin)
        for name in (postgres.database, *((SUPERSET,) if settings.serving.dashboards else ())):
            made += make.database(name)
        made += make.reader()
    with connect_owner(postgres, autocommit=True) as gold:
        Maker(postgres, gold).grants()
    return [*made, *_ensure_login(postgres)]


class Maker:
    """Runs the statements of `sql/` on one connection of the owner's."""

    def __init__(self, postgres: PostgresSettings, connection: Connection[Any]) -> None:
        self._postgres = postgres
        self._connection = connection

    def database(self, name: str) -> Iterator[str]:
        """Make a database that is not there, and close it to roles that were not granted anything."""
        if not self._holds("has_database", name):
            self._run("create_database", database=name)
            self._run("close_database", database=name)
            yield f"database {name}"

    def reader(self) -> Iterator[str]:
        """Make the reader where there is none, and have its sessions read only, and not for ever."""
        name = self._postgres.reader
        if not self._holds("has_role", name):
            self._run("create_reader", reader=name)
            self.password()
            yield f"role {name}"
        if not self._holds("has_limits", name):
            self._run("limit_reader", reader=name)

    def password(self) -> None:
        """Set the reader's password, sent as the verifier that PostgreSQL keeps: no log can show it."""
        name, password = self._postgres.reader, self._postgres.reader_password
        self._run("set_password", reader=name, password=Secret(self._verifier(name, password)))

    def grants(self) -> None:
        """Let the reader read the owner's tables in the database of gold, those to come, too."""
        reader = self._postgres.reader
        names: dict[str, str | Secret] = {
            "owner": self._postgres.user,
            "reader": reader,
            "database": self._postgres.database,
        }
        if not self._holds("may_create"):
            raise self._missing_right(self._compose("allow_create", names))
        if not self._holds("may_read", reader):
            self._run("grant_reader", **names)
            if not self._holds("may_read", reader):  # whoever may not grant gets a warning and no error
                raise self._missing_right(self._compose("grant_reader", names))
        for (table,) in self._connection.execute(_statement("unread_tables"), (reader,)).fetchall():
            self._run("grant_table", table=table, reader=reader)

    def _verifier(self, user: str, password: Secret) -> str:
        made = self._connection.pgconn.encrypt_password(password.reveal().encode(), user.encode(), b"scram-sha-256")
        return made.decode()

    def _holds(self, name: str, *values: str) -> bool:
        row = self._connection.execute(_statement(name), values).fetchone()
        return row is not None and bool(row[0])

    def _run(self, name: str, **values: str | Secret) -> None:
        from psycopg.errors import InsufficientPrivilege

        statement = self._compose(name, values)
        try:
            self._connection.execute(statement)
        except InsufficientPrivilege:
            shown = {key: Secret("...") if isinstance(value, Secret) else value for key, value in values.items()}
            raise self._missing_right(self._compose(name, shown)) from None

    def _compose(self, name: str, values: dict[str, str | Secret]) -> Composed:
        from psycopg.sql import SQL, Identifier, Literal

        parts = {
            key: Literal(value.reveal()) if isinstance(value, Secret) else Identifier(value)
            for key, value in values.items()
        }
        return SQL(_statement(name)).format(**parts)

    def _missing_right(self, statement: Composed) -> ServiceError:
        words = " ".join(statement.as_string(self._connection).split())
        where = f"{self._postgres.url}, database {self._connection.info.dbname}"
        return ServiceError(f"{self._postgres.user} may not do this at {where}; let an administrator run: {words}")


def _connect_anywhere(postgres: PostgresSettings) -> Connection[Any]:
    """Connect to the database of gold or, where it cannot be, to the one from which it can be made."""
    try:
        return connect_owner(postgres, autocommit=True)
    except ServiceError as error:
        try:
            return connect_owner(postgres, MAINTENANCE, autocommit=True)
        except ServiceError:
            raise error from None


def _ensure_login(postgres: PostgresSettings) -> list[str]:
    """Log in as the reader; where its password was changed in the settings set that, and try again."""
    try:
        connect_reader(postgres).close()
    except ServiceError as error:
        if REFUSED_LOGIN not in str(error):
            raise
        with connect_owner(postgres, autocommit=True) as gold:
            Maker(postgres, gold).password()
        connect_reader(postgres).close()
        return [f"password of {postgres.reader}"]
    return []


def _statement(name: str) -> LiteralString:
    """Return the SQL of a file of this package, which is as trustworthy as code, without its comments."""
    lines = (STATEMENTS / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
