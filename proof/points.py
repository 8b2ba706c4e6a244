"""The named places of a batch at which the Spark driver can be made to die.

The lake's own, in Python, lie behind each append, before Spark notes that the batch is done (`pipeline.failpoints`).
Those within an append are places in Iceberg's and Spark's own code, where Byteman stops the JVM as a kill would.
https://byteman.jboss.org
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

AFTER_APPEND = (
    "trades.fact_crypto_trades",
    "events.events",
    "silver.coin_prices",
    "replaced.dm_crypto_price_stats",
    "replaced.candles_1m",
    "replaced.coverage",
)
"""Those that a lake with prices and trades reaches within seconds."""


@dataclass(frozen=True)
class Place:
    """A place in a method of the JVM's code; `where` is a location and `only` a condition, in Byteman's words."""

    class_name: str
    method: str
    where: str = "AT EXIT"
    only: str = "true"


_LOGS = "org.apache.spark.sql.execution.streaming.HDFSMetadataLog"
WITHIN_APPEND = {
    "data-file-written": Place("org.apache.iceberg.io.DataWriter", "close"),
    "manifest-written": Place("org.apache.iceberg.ManifestWriter", "close"),
    "manifest-list-written": Place("org.apache.iceberg.ManifestListWriter", "close"),
    "metadata-written": Place("org.apache.iceberg.TableMetadataParser", "internalWrite"),
    "metastore-switched": Place("org.apache.iceberg.hive.HiveTableOperations", "doCommit"),
    "offsets-logged": Place(_LOGS, "add", only='$0.getClass().getSimpleName().equals("OffsetSeqLog")'),
    "before-commit-log": Place(_LOGS, "add", "AT ENTRY", '$0.getClass().getSimpleName().equals("CommitLog")'),
}
"""From a batch's plan to the note that it is done, in this order: `offsets-logged` is the first, and so on."""

POINTS = (*AFTER_APPEND, *WITHIN_APPEND)

SINK_UNCOMMITTED = "sink-uncommitted"
"""A batch of Spark's own file sink has written its files, and not yet noted which."""

_SINK = Place("org.apache.spark.sql.execution.streaming.ManifestFileCommitProtocol", "commitJob", "AT ENTRY")

RULE = """\
RULE {name}
CLASS {place.class_name}
METHOD {place.method}
{place.where}
BIND armed : java.io.File = new java.io.File("{file}")
IF {place.only} AND armed.delete()
DO killJVM()
ENDRULE
"""


def rules(failpoints: Path) -> str:
    """Return Byteman's rules: a JVM dies at a place once, when there is a file of its name, which is gone then."""
    return "\n".join(
        RULE.format(name=name, place=place, file=failpoints / name)
        for name, place in {**WITHIN_APPEND, SINK_UNCOMMITTED: _SINK}.items()
    )
