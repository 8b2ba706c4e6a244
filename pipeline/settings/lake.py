"""The engines that keep, list, compute and query the tables, and where the files lie."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.settings import values as parse
from pipeline.settings.machine import Machine
from pipeline.settings.values import Reader

MAX_DAYS = 36_500


@dataclass(frozen=True)
class LakeSettings:
    """The addresses of HDFS, the Hive Metastore, Spark and Presto, and when the lake rests."""

    hdfs_uri: str
    hdfs_http_url: str
    metastore_uri: str
    presto_url: str
    spark_master: str
    rest_s: int  # how far apart the batches of few trades are while nobody queries Presto; 0 never rests
    bronze_days: int  # how long bronze.events keeps a record; 0 keeps all
    rejected_days: int  # the same for silver.rejected_events

    @property
    def warehouse(self) -> str:
        """The HDFS folder that holds every table's files."""
        return f"{self.hdfs_uri}/warehouse"

    def table_location(self, schema: str, name: str) -> str:
        """Return the HDFS folder of a table's files."""
        return f"{self.warehouse}/{schema}.db/{name}"

    @property
    def removal_requests(self) -> str:
        """The HDFS folder in which the Spark job is asked to remove a source's rows."""
        return f"{self.hdfs_uri}/requests/remove_source"

    @property
    def gold_requests(self) -> str:
        """The HDFS folder in which the Spark job is asked to make gold at once."""
        return f"{self.hdfs_uri}/requests/build_gold"

    @property
    def maintenance_requests(self) -> str:
        """The HDFS folder in which the Spark job is asked to maintain the tables at once."""
        return f"{self.hdfs_uri}/requests/maintain"

    @property
    def forecast_requests(self) -> str:
        """The HDFS folder in which the Spark job is handed evaluated forecasts."""
        return f"{self.hdfs_uri}/requests/forecasts"

    @property
    def backup_hold(self) -> str:
        """The HDFS file that keeps retired files from being deleted, for as long as a backup renews it."""
        return f"{self.hdfs_uri}/requests/backup/hold"

    @property
    def checkpoints(self) -> str:
        """The HDFS folder that holds the streams' checkpoints."""
        return f"{self.hdfs_uri}/checkpoints"


def read_lake(reader: Reader, machine: Machine) -> LakeSettings:
    """Read the engines' addresses; the defaults are this machine's own."""
    return LakeSettings(
        hdfs_uri=reader.get("HDFS_URI", f"hdfs://{machine.local('namenode')}", parse.uri("hdfs")),
        hdfs_http_url=reader.get("HDFS_HTTP_URL", machine.url("namenode_http"), parse.http_url),
        metastore_uri=reader.get("METASTORE_URI", f"thrift://{machine.local('metastore')}", parse.uri("thrift")),
        presto_url=reader.get("PRESTO_URL", machine.url("presto"), parse.http_url),
        # More task slots than cores: a compaction's task runs for seconds, and batches must not wait for its slot.
        spark_master=reader.get("SPARK_MASTER", "local[4]", str),
        rest_s=reader.get("COINLAKE_REST_SECONDS", "15", parse.whole(0, 600)),
        bronze_days=reader.get("COINLAKE_BRONZE_DAYS", "0", parse.whole(0, MAX_DAYS)),
        rejected_days=reader.get("COINLAKE_REJECTED_DAYS", "0", parse.whole(0, MAX_DAYS)),
    )
