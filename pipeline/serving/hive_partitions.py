"""Partitions of a plain Hive table, switched to new files in one metastore transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import SparkSession

from pipeline.settings import Settings
from pipeline.spark.jvm import JavaObject, java_class
from pipeline.tables.model import Table

ROWS = "coinlake.rows"  # the partition parameter that says how many rows its files hold


@dataclass(frozen=True)
class Partition:
    """A partition's value, the folder that holds its files, and their number of rows."""

    value: str
    location: str
    rows: int


class HivePartitions:
    """The partitions of a Hive table with one partition column, through the metastore's own client."""

    def __init__(self, spark: SparkSession, settings: Settings, table: Table) -> None:
        self._spark = spark
        self._uri = settings.lake.metastore_uri
        self._table = table

    def table_exists(self) -> bool:
        """Tell whether the table is registered."""
        with _Client(self._spark, self._uri) as client:
            return bool(client.tableExists(self._table.schema, self._table.name))

    def by_value(self) -> dict[str, Partition]:
        """Return the partitions by value."""
        with _Client(self._spark, self._uri) as client:
            return {str(p.getValues().get(0)): _partition(p) for p in self._thrift(client)}

    def switch(self, partitions: list[Partition]) -> None:
        """Point readers at new files: all changed partitions in one transaction, then all new ones in one.

        A row is seen in its old files or in its new ones, never in both and never in none.
        """
        with _Client(self._spark, self._uri) as client:
            known = {str(p.getValues().get(0)): p for p in self._thrift(client)}
            new_list = java_class(self._spark, "java.util.ArrayList")
            changed, added = new_list(), new_list()
            for partition in partitions:
                if partition.value in known:
                    changed.add(_moved(known[partition.value], partition))
                else:
                    added.add(self._new(client, partition))
            if not changed.isEmpty():
                client.alter_partitions(self._table.schema, self._table.name, changed)
            if not added.isEmpty():
                client.add_partitions(added)

    def drop(self, values: Iterable[str]) -> None:
        """Unregister partitions, those of these values that there are; their files stay."""
        with _Client(self._spark, self._uri) as client:
            known = {str(p.getValues().get(0)) for p in self._thrift(client)}
            for value in known.intersection(values):
                names = java_class(self._spark, "java.util.ArrayList")()
                names.add(value)
                client.dropPartition(self._table.schema, self._table.name, names, False)

    def _thrift(self, client: JavaObject) -> JavaObject:
        return client.listPartitions(self._table.schema, self._table.name, -1)

    def _new(self, client: JavaObject, partition: Partition) -> JavaObject:
        made = java_class(self._spark, "org.apache.hadoop.hive.metastore.api.Partition")()
        made.setDbName(self._table.schema)
        made.setTableName(self._table.name)
        made.addToValues(partition.value)
        made.setSd(client.getTable(self._table.schema, self._table.name).getSd().deepCopy())
        made.setParameters(java_class(self._spark, "java.util.HashMap")())
        return _moved(made, partition)


def _moved(thrift: JavaObject, partition: Partition) -> JavaObject:
    thrift.getSd().setLocation(partition.location)
    thrift.getParameters().put(ROWS, str(partition.rows))
    return thrift


def _partition(thrift: JavaObject) -> Partition:
    rows = thrift.getParameters().get(ROWS)
    return Partition(str(thrift.getValues().get(0)), str(thrift.getSd().getLocation()), int(rows) if rows else -1)


class _Client:
    """A metastore client for one piece of work: a fresh connection costs some ms and survives a metastore's restart."""

    def __init__(self, spark: SparkSession, uri: str) -> None:
        conf = java_class(spark, "org.apache.hadoop.hive.conf.HiveConf")()
        conf.set("hive.metastore.uris", uri)
        self._client = java_class(spark, "org.apache.hadoop.hive.metastore.HiveMetaStoreClient")(conf)

    def __enter__(self) -> JavaObject:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
