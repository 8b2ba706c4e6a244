"""Tables copied from HDFS and asked with DuckDB, against servers that speak Presto's protocol and WebHDFS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import duckdb
import pandas as pd
import pytest

from analysis.errors import CopyTooLargeError, TableCopyError
from analysis.lake import Lake, connect
from pipeline.errors import ServiceError, TooManyRowsError, UnknownNameError
from pipeline.settings import load_settings
from tests.support.fake_presto import FakePresto, table
from tests.support.fake_webhdfs import FakeWebHdfs
from tests.support.served import served

ICEBERG, HIVE = "iceberg.gold.coin_daily", "hive.crypto.coin_data"
COLUMNS = {
    "coin": "varchar",
    "day": "date",
    "close": "decimal(38,18)",
    "held_at": "timestamp",
    "observations": "bigint",
    "share": "double",
    "is_real": "boolean",
    "raw": "varbinary",
}
ROW = "'bitcoin', DATE '2026-01-02', 0.000000000000000001::DECIMAL(38,18), TIMESTAMP '2026-01-02 03:04:05.678', "
ROW += "7::BIGINT, 0.5::DOUBLE, true, 'ab'::BLOB"
SENT = ["bitcoin", "2026-01-02", "0.000000000000000001", "2026-01-02 03:04:05.678", 7, 0.5, True, "YWI="]
"""That row as Presto sends it."""


@pytest.fixture
def hdfs() -> Iterator[FakeWebHdfs]:
    server = FakeWebHdfs()
    with served(server):
        yield server


@pytest.fixture
def lake(presto: FakePresto, hdfs: FakeWebHdfs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake of two tables and a view, whose copies go to a folder of the test's own."""
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    kinds = {"table_name": "varchar", "table_type": "varchar"}
    rows = [[name, "BASE TABLE"] for name in ("coin_daily", "coin_data")]
    presto.answers["information_schema.tables"] = table(kinds, *rows, ["daily_prices", "VIEW"])
    presto.answers["LIMIT 0"] = table(COLUMNS)
    presto.answers["$snapshots"] = table({"snapshot_id": "bigint", "delete_files": "bigint"}, [42, 0])
    places = {"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": presto.url, "HDFS_HTTP_URL": hdfs.url}
    return connect(load_settings(places))


def give(presto: FakePresto, hdfs: FakeWebHdfs, files: dict[str, str]) -> None:
    """Put a Parquet file at each path, with the rows of its query, and have Presto name them."""
    for path, query in files.items():
        hdfs.files[path] = parquet(query)
    listed = [[f"hdfs://127.0.0.1:8020{path}", len(hdfs.files[path])] for path in files]
    presto.answers["$files@42"] = presto.answers["$path"] = table({"path": "varchar", "size": "bigint"}, *listed)


def parquet(query: str) -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "made.parquet"
        duckdb.sql(query).write_parquet(str(target))
        return target.read_bytes()


def rows(*values: str, names: tuple[str, ...] = tuple(COLUMNS)) -> str:
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in values)}) AS t({', '.join(names)})"


@pytest.mark.parametrize("exact", [False, True])
def test_a_copy_gives_the_frame_that_presto_gives(
    lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs, exact: bool
) -> None:
    nothing = ", ".join(["NULL"] * len(COLUMNS))
    give(presto, hdfs, {"/warehouse/gold.db/coin_daily/data/day_year=2026/a%20b.parquet": rows(ROW, nothing)})
    presto.answers["ORDER BY"] = table(COLUMNS, SENT, [None] * len(COLUMNS))
    sql = f"SELECT * FROM {ICEBERG} ORDER BY coin NULLS LAST"
    with lake.copy(ICEBERG) as copy:
        found = copy.query(sql, exact=exact)
        assert copy.snapshots == {ICEBERG: 42}
    pd.testing.assert_frame_equal(found, lake.query(sql, exact=exact))
    first = found.iloc[0]
    assert (first["held_at"], first["day"]) == (datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), pd.Timestamp(2026, 1, 2))
    assert first["close"] == (Decimal("0.000000000000000001") if exact else 1e-18)
    assert found.iloc[1].isna().all()


def test_files_from_before_a_column_was_added_lack_it(lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs) -> None:
    presto.answers["LIMIT 0"] = table(
        {"coin": "varchar", "price": "decimal(38,18)", "note": "varchar", "age": "integer"}
    )
    old = rows("'bitcoin', 1.5::DECIMAL(38,18)", names=("coin", "price"))
    new = rows("'solana', NULL, 'new'", names=("coin", "price", "note"))
    give(presto, hdfs, {"/a/old.parquet": old, "/a/new.parquet": new})
    with lake.copy(ICEBERG) as copy:
        found = copy.query(f"SELECT * FROM {ICEBERG} ORDER BY coin", exact=True)
    assert found["price"].tolist()[0] == Decimal("1.5")
    assert [None if pd.isna(note) else note for note in found["note"]] == [None, "new"]
    assert found["age"].isna().all(), "no file has it yet"


def test_the_partition_of_a_hive_table_is_in_its_folder(lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs) -> None:
    presto.answers["LIMIT 0"] = table({"coin": "varchar", "year": "integer"})
    give(presto, hdfs, {f"/data/year={year}/a.parquet": "SELECT 'bitcoin' AS coin" for year in (2025, 2026)})
    with lake.copy(HIVE) as copy:
        assert copy.query(f"SELECT year FROM {HIVE} WHERE year > ? ORDER BY 1", [2024])["year"].tolist() == [2025, 2026]
        assert copy.snapshots == {HIVE: None}


def test_a_table_without_rows_has_its_columns(lake: Lake, presto: FakePresto) -> None:
    presto.answers["$snapshots"] = table({"snapshot_id": "bigint", "delete_files": "bigint"})
    with lake.copy(ICEBERG) as copy:
        found = copy.query(f"SELECT * FROM {ICEBERG}")
        assert copy.query(f"SELECT sum(observations) AS n FROM {ICEBERG}")["n"].isna().all()
    assert (list(found), len(found)) == (list(COLUMNS), 0)


def test_a_column_that_cannot_be_copied_can_be_left_out(lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs) -> None:
    presto.answers["LIMIT 0"] = table({"coin": "varchar", "headers": "array(row(key varchar))"})
    give(presto, hdfs, {"/a/a.parquet": "SELECT 'bitcoin' AS coin, [1] AS headers"})
    with pytest.raises(TableCopyError, match="column headers is of type"):
        lake.copy(ICEBERG)
    with lake.copy(ICEBERG, leave_out=["headers"]) as copy:
        assert copy.query(f"SELECT * FROM {ICEBERG}").to_dict("records") == [{"coin": "bitcoin"}]


def test_a_sum_of_whole_numbers_is_one(lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs) -> None:
    give(presto, hdfs, {"/a/a.parquet": rows(ROW, ROW)})
    with lake.copy(ICEBERG) as copy:
        found = copy.query(f"SELECT sum(observations) AS n, sum(close) AS p FROM {ICEBERG}", exact=True)
    assert (found["n"].dtype, found["n"].tolist(), found["p"].tolist()) == ("Int64", [14], [Decimal("2e-18")])


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("iceberg.gold.coin_dialy", UnknownNameError, "did you mean 'iceberg.gold.coin_daily'"),
        ("coin_daily", UnknownNameError, "no table 'coin_daily'"),
        ("iceberg.gold.daily_prices", TableCopyError, "is a view"),
    ],
)
def test_a_name_that_is_no_table(lake: Lake, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lake.copy(name)


def test_a_table_with_delete_files_is_refused(lake: Lake, presto: FakePresto) -> None:
    presto.answers["$snapshots"] = table({"snapshot_id": "bigint", "delete_files": "bigint"}, [42, 3])
    with pytest.raises(TableCopyError, match="3 of its files only list deleted rows: query it through Presto"):
        lake.copy(ICEBERG)


def test_a_nested_column_is_refused(lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs) -> None:
    give(presto, hdfs, {"/a/a.parquet": "SELECT [1] AS headers"})
    presto.answers["LIMIT 0"] = table({"headers": "array(integer)"})
    with pytest.raises(TableCopyError, match=r"column headers is of type array\(integer\)"):
        lake.copy(ICEBERG)


def test_tables_that_are_too_large_are_not_fetched(lake: Lake, presto: FakePresto) -> None:
    presto.answers["$files@42"] = table({"path": "varchar", "size": "bigint"}, ["hdfs://h/a", 600], ["hdfs://h/b", 500])
    with pytest.raises(CopyTooLargeError, match=r"1,100 bytes are more than the limit of 1,000.*max_bytes=N"):
        lake.copy(ICEBERG, max_bytes=1000)


@pytest.mark.parametrize(("left", "words"), [(None, "404"), (10, "10 of .* bytes came")])
def test_a_file_that_does_not_come_whole_is_an_error(
    lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs, left: int | None, words: str
) -> None:
    give(presto, hdfs, {"/a/a.parquet": rows(ROW)})
    hdfs.files = {path: content[:left] for path, content in hdfs.files.items() if left is not None}
    with pytest.raises(ServiceError, match=words):
        lake.copy(ICEBERG)
    assert list(Path(gettempdir()).iterdir()) == [], "nothing is left behind"


def test_the_copy_has_the_limit_of_the_lake_and_leaves_nothing(
    lake: Lake, presto: FakePresto, hdfs: FakeWebHdfs
) -> None:
    give(presto, hdfs, {"/a/a.parquet": rows(ROW, ROW)})
    with lake.copy(ICEBERG) as copy:
        assert len(copy.query(f"SELECT coin FROM {ICEBERG}", max_rows=2)) == 2
        with pytest.raises(TooManyRowsError, match="more than 1 row"):
            copy.query(f"SELECT coin FROM {ICEBERG}", max_rows=1)
    assert list(Path(gettempdir()).iterdir()) == []
