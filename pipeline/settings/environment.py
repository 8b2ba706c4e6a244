"""Which variables of an environment are settings of a lake."""

from __future__ import annotations

from collections.abc import Mapping

PREFIXES = ("COINLAKE_", "COINS", "COINGECKO_", "COINMETRICS_", "COINBASE_", "KAFKA_", "HDFS_", "METASTORE_")
PREFIXES_OF_SERVERS = ("PRESTO_", "SPARK_", "POSTGRES_", "S3_", "SUPERSET_")


def is_setting(name: str) -> bool:
    """Tell whether a variable would change how a lake is set up."""
    return name.startswith((*PREFIXES, *PREFIXES_OF_SERVERS))


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a lake that has nothing of the user's own: all variables but the settings."""
    return {name: value for name, value in environ.items() if not is_setting(name)}
