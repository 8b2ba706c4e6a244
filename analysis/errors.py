"""Errors of copying tables, in the tree that `pipeline/errors.py` draws."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import CoinlakeError


class TableCopyError(CoinlakeError):
    """A table's files cannot be copied to this machine, or would not be its rows."""

    def __init__(self, table: str, cause: str) -> None:
        super().__init__(f"{table} cannot be copied: {cause}")


class CopyTooLargeError(TableCopyError):
    """Tables are larger than what may be copied of them."""

    def __init__(self, tables: Sequence[str], size: int, max_bytes: int) -> None:
        super().__init__(
            ", ".join(tables),
            f"{size:,} bytes are more than the limit of {max_bytes:,}. Query Presto instead, or pass max_bytes=N",
        )
