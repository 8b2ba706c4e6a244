"""A cursor of `presto-python-client` that stops at a number of rows: the client's own reads a result to its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import requests
from prestodb.client import PrestoQuery
from prestodb.dbapi import Connection, Cursor
from prestodb.exceptions import HttpError

from pipeline.errors import TooManyRowsError

logger = logging.getLogger(__name__)


class LimitedCursor(Cursor):  # type: ignore[misc]  # prestodb ships no types
    """Runs statements whose results may have up to `max_rows` rows, None for any number."""

    def __init__(self, connection: Connection, max_rows: int | None) -> None:
        super().__init__(connection, connection._create_request())  # noqa: SLF001  as Connection.cursor() does
        self._max_rows = max_rows

    def execute(self, operation: str, params: Sequence[object] = ()) -> LimitedCursor:
        """Run a statement and fetch its rows; `params` fill its `?`.

        Raises:
            TooManyRowsError: there are more than `max_rows`; the statement is cancelled.
        """
        if not params:
            return self._run(operation)
        name = self._generate_unique_statement_name()
        self._prepare_statement(operation, name)
        try:
            return self._run(f"EXECUTE {name} USING {','.join(map(self._format_prepared_param, params))}")
        finally:
            self._deallocate_prepared_statement(name)

    def _run(self, sql: str) -> LimitedCursor:
        self._query = LimitedQuery(self._request, sql, self._max_rows)
        self._iterator = iter(self._query.execute())
        return self


class LimitedQuery(PrestoQuery):  # type: ignore[misc]  # prestodb ships no types
    """A statement that is cancelled at the first page past `max_rows`; a page has 16 MB at most."""

    def __init__(self, request: Any, sql: str, max_rows: int | None) -> None:  # noqa: ANN401
        super().__init__(request, sql=sql)
        self._max_rows = max_rows
        self._fetched = 0

    def fetch(self) -> list[list[Any]]:
        """Return the next page of rows."""
        rows: list[list[Any]] = super().fetch()
        self._fetched += len(rows)
        if self._max_rows is not None and self._fetched > self._max_rows:
            self._give_up()
            raise TooManyRowsError(self._max_rows)
        return rows

    def _give_up(self) -> None:
        try:
            self.cancel()
        except (requests.RequestException, HttpError) as error:  # it ends by itself when nobody fetches
            logger.warning("query %s was not cancelled: %s", self.query_id, error)
