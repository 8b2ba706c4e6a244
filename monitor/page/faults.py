"""What is wrong, in as few words as a page has room for; logs and `pipeline_doctor.sh` have the rest."""

from __future__ import annotations

from pipeline.errors import CoinlakeError, PrestoUnreachableError, ServiceError, TableMissingError


def reason(error: CoinlakeError) -> str:
    """Return an error in one short line; a service that does not answer is the same line whoever asked it."""
    if isinstance(error, PrestoUnreachableError):
        return f"Presto at {error.url} does not answer"
    if isinstance(error, TableMissingError):
        return "the lake has no such table yet: analysis/scripts/hive_setup.sh registers them"
    return str(error).partition(" does not answer")[0] + " does not answer" if _is_silent(error) else str(error)


def _is_silent(error: CoinlakeError) -> bool:
    return isinstance(error, ServiceError) and " does not answer" in str(error)
