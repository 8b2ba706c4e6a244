"""One thin module over `presto-python-client`: a statement in, rows out, errors of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import prestodb
import requests
from prestodb.exceptions import HttpError, PrestoQueryError

from pipeline.errors import PrestoUnreachableError, QueryError, TableMissingError
from pipeline.presto_cursor import LimitedCursor

NOT_REGISTERED = {"TABLE_NOT_FOUND", "MISSING_TABLE", "SCHEMA_NOT_FOUND", "MISSING_SCHEMA", "MISSING_CATALOG"}
NOT_READY = {"SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "NO_NODES_AVAILABLE"}
PROBE_SOURCE = "coinlake-probe"
"""The source under which health probes query: no reader of the lake."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Presto:
    """A Presto server; each query opens its own session, so nothing is left to close and threads may share it."""

    url: str
    source: str = "coinlake"  # shown beside the query in Presto's UI
    request_timeout_s: float = 60.0

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[list[Any]]:
        """Run one statement and return its rows as Presto's protocol has them: decimals and times are text, UTC."""
        return self.columns_and_rows(sql, params)[1]

    def columns_and_rows(
        self, sql: str, params: Sequence[object] = (), *, max_rows: int | None = None
    ) -> tuple[list[tuple[str, str]], list[list[Any]]]:
        """Run one statement; return its columns (name, Presto's type) and its rows.

        `params` fill the statement's `?` in order; a list becomes an ARRAY.

        Raises:
            PrestoUnreachableError: Presto is down or still starting.
            TableMissingError: a table, schema or catalog is not registered.
            QueryError: Presto refused or failed the statement.
            TooManyRowsError: the result has more than `max_rows` rows; the rest is not read.
        """
        try:
            cursor = LimitedCursor(self._connection(), max_rows)
            rows = cursor.execute(sql, params).fetchall()
        except PrestoQueryError as error:
            raise self._query_error(error) from error
        except (requests.RequestException, HttpError) as error:
            raise PrestoUnreachableError(self.url, _first_line(error)) from error
        return [(name, type_name) for name, type_name, *_ in cursor.description or []], rows

    def _connection(self) -> Any:  # noqa: ANN401  prestodb ships no types
        address = urlsplit(self.url)
        connection = prestodb.dbapi.connect(
            host=address.hostname,
            port=address.port or DEFAULT_PORTS[address.scheme],
            http_scheme=address.scheme,
            user="coinlake",
            source=self.source,
            catalog="hive",
            schema="crypto",
            http_headers={"X-Presto-Time-Zone": "UTC"},
            request_timeout=self.request_timeout_s,
        )
        # One of the lake's own services: not for the environment's proxy, which the client has no option to leave out.
        connection._http_session.trust_env = False  # noqa: SLF001
        return connection

    def _query_error(self, error: PrestoQueryError) -> PrestoUnreachableError | QueryError:
        name, message = error.error_name or error.error_type, error.message
        if name in NOT_READY:
            return PrestoUnreachableError(self.url, message)
        kind = TableMissingError if _means_not_registered(name, message) else QueryError
        return kind(name, message, error.query_id)


def _means_not_registered(name: str, message: str) -> bool:
    # Presto 0.287's analyzer reports a missing table as a plain syntax error.
    return name in NOT_REGISTERED or (name == "SYNTAX_ERROR" and message.rstrip().endswith("does not exist"))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
