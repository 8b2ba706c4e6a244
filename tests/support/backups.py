"""A small lake to back up without an engine: HDFS in memory, and Iceberg's metadata files made by hand."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.errors import ServiceError
from pipeline.verbs.backup.checksums import TableSum
from pipeline.verbs.backup.iceberg_files import Avro

OLD = "hdfs://old:18020/warehouse"
PRICES = "iceberg.silver.coin_prices"
SNAPSHOT = 7000000000000000001

ENTRY_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int", "field-id": 0},
        {"name": "sequence_number", "type": ["null", "long"], "default": None, "field-id": 3},
        {
            "name": "data_file",
            "field-id": 2,
            "type": {
                "type": "record",
                "name": "r2",
                "fields": [
                    {"name": "file_path", "type": "string", "doc": "Location URI", "field-id": 100},
                    {
                        "name": "partition",
                        "field-id": 102,
                        "type": {
                            "type": "record",
                            "name": "r102",
                            "fields": [
                                {
                                    "name": "day",
                                    "type": ["null", {"type": "int", "logicalType": "date"}],
                                    "default": None,
                                    "field-id": 1000,
                                }
                            ],
                        },
                    },
                    {"name": "record_count", "type": "long", "field-id": 103},
                    {"name": "file_size_in_bytes", "type": "long", "field-id": 104},
                    {"name": "split_offsets", "type": {"type": "array", "items": "long", "element-id": 133}},
                ],
            },
        },
    ],
}
LIST_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "manifest_file",
    "fields": [
        {"name": "manifest_path", "type": "string", "field-id": 500},
        {"name": "manifest_length", "type": "long", "field-id": 501},
        {"name": "content", "type": "int", "field-id": 517},
    ],
}


class FakeHdfs:
    """HDFS in memory: files by their URIs."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = files or {}
        self.reads: list[str] = []

    def sizes(self, folder: str) -> dict[str, int]:
        return {uri: len(content) for uri, content in self.files.items() if uri.startswith(f"{folder}/")}

    def read(self, uri: str) -> Iterator[bytes]:
        self.reads.append(uri)
        if uri not in self.files:
            raise ServiceError(f"{uri}: HDFS answers 404")
        content = self.files[uri]
        yield content[: len(content) // 2]
        yield content[len(content) // 2 :]

    def write(self, uri: str, size: int, content: Iterable[bytes]) -> None:
        """Keep what came even where it ends early, as HDFS does."""
        self.files[uri] = b""
        for chunk in content:
            self.files[uri] += chunk
        assert len(self.files[uri]) == size

    def delete(self, uri: str) -> None:
        self.files.pop(uri, None)

    def close(self) -> None:
        """Do nothing."""


def entry(path: str, content: bytes, *, status: int = 1, rows: int = 2) -> dict[str, Any]:
    """Return a manifest's entry for a file."""
    return {
        "status": status,
        "sequence_number": None,
        "data_file": {
            "file_path": path,
            "partition": {"day": datetime.date(2026, 1, 31)},
            "record_count": rows,
            "file_size_in_bytes": len(content),
            "split_offsets": [4],
        },
    }


def table_files(name: str = PRICES, root: str = OLD) -> dict[str, bytes]:
    """Return the files in HDFS of a table with two data files of two rows each, and one that was replaced."""
    _, schema, table = name.split(".")
    place = f"{root}/{schema}.db/{table}"
    data = {f"{place}/data/day={day}/{day}.parquet": f"rows of {day}".encode() for day in ("a", "b")}
    gone = entry(f"{place}/data/gone.parquet", b"gone", status=2)
    header = {"format-version": "2", "content": "data", "partition-spec-id": "0"}
    manifest = Avro(ENTRY_SCHEMA, header, [*(entry(path, content) for path, content in data.items()), gone]).to_bytes()
    manifest_path, list_path = f"{place}/metadata/m0.avro", f"{place}/metadata/snap-1.avro"
    listed = [{"manifest_path": manifest_path, "manifest_length": len(manifest), "content": 0}]
    manifests = {manifest_path: manifest, list_path: Avro(LIST_SCHEMA, {"format-version": "2"}, listed).to_bytes()}
    metadata = json.dumps(table_metadata(place, list_path)).encode()
    return {**data, **manifests, f"{place}/metadata/00007-aaaa.metadata.json": metadata}


def table_metadata(place: str, list_path: str) -> dict[str, Any]:
    """Return the metadata of a table with two snapshots; only the older one has the mark of the query `quiet`."""
    quiet = {"coinlake.quiet.checkpoint": "c1", "coinlake.quiet.batch": "3"}
    first = {"snapshot-id": 1, "manifest-list": f"{place}/metadata/snap-0.avro", "summary": quiet}
    busy = {"operation": "append", "coinlake.busy.checkpoint": "c2", "coinlake.busy.batch": "9"}
    current = {
        "snapshot-id": SNAPSHOT,
        "parent-snapshot-id": 1,
        "sequence-number": 2,
        "manifest-list": list_path,
        "summary": busy,
    }
    return {
        "format-version": 2,
        "table-uuid": "5f0c2d5e-0000-4000-8000-000000000001",
        "location": place,
        "last-sequence-number": 2,
        "current-schema-id": 0,
        "schemas": [{"schema-id": 0, "fields": [{"id": 1, "name": "coin"}, {"id": 5, "name": "price_usd"}]}],
        "current-snapshot-id": SNAPSHOT,
        "snapshots": [first, current],
        "snapshot-log": [{"snapshot-id": 1, "timestamp-ms": 1}, {"snapshot-id": SNAPSHOT, "timestamp-ms": 2}],
        "metadata-log": [{"metadata-file": f"{place}/metadata/00006-bbbb.metadata.json", "timestamp-ms": 1}],
        "refs": {"main": {"snapshot-id": SNAPSHOT, "type": "branch"}, "tag": {"snapshot-id": 1, "type": "tag"}},
    }


class FakePresto:
    """Presto as the backup asks it: each table has the snapshot and the four rows of `table_files`."""

    def __init__(self) -> None:
        self.snapshot: int | None = SNAPSHOT
        self.total = TableSum(4, "c3Vt")

    def rows(self, sql: str) -> list[list[Any]]:
        if "$snapshots" in sql:
            return [] if self.snapshot is None else [[self.snapshot]]
        return [[self.total.rows, self.total.checksum]]
