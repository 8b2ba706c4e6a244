"""Files read block by block: every row once, wherever blocks are cut, in every container, from every place on."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pipeline.errors import BadDataError
from pipeline.ingest.replay.csv_rows import CsvRows, open_csv_rows
from pipeline.ingest.replay.parquet_rows import ParquetRows
from pipeline.ingest.replay.rows import Place, Rows
from pipeline.ingest.replay.sources import RowSource, open_file

HEADER = "Timestamp,Open,High,Low,Close,Volume"
ROWS = [(str(1609459200 + 60 * n), f"{n}.1", f"{n}.3", f"{n}.0", f"{n}.2", "0.0") for n in range(1, 40)]


def write(path: Path, text: str | bytes) -> Path:
    data = text.encode() if isinstance(text, str) else text
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zst":
        with pa.output_stream(str(path), compression="zstd") as stream:
            stream.write(data)
    else:
        path.write_bytes(data)
    return path


def csv_text(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


def read(blocks: list[Rows]) -> list[tuple[object, ...]]:
    """Return number and texts of each row."""
    columns = ((block.numbers, block.times, *block.values) for block in blocks)
    return [row for block in columns for row in zip(*(column.to_pylist() for column in block), strict=True)]


def opened(path: Path) -> CsvRows:
    rows = open_file(path)
    assert isinstance(rows, CsvRows)
    return rows


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "A.CSV"])
def test_a_csv_file_is_read_whatever_it_is_packed_in(tmp_path: Path, name: str) -> None:
    rows = opened(write(tmp_path / name, csv_text(*map(",".join, ROWS))))
    expected = [(number, *row) for number, row in enumerate(ROWS, start=2)]
    blocks = list(rows.blocks(Place(), block_bytes=200))
    assert len(blocks) > 3
    assert read(blocks) == expected
    assert (blocks[-1].end.number, blocks[-1].done) == (len(ROWS) + 1, rows.total)
    for block in blocks:  # resumed at each block's end
        assert read(list(rows.blocks(block.end, block_bytes=200))) == expected[block.end.number - 1 :]


def test_columns_may_stand_in_another_order_beside_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeffVolume,close,note,Open,LOW,High,timestamp\r\n5,4,x,1,2,3,60\r\n")
    assert read(list(opened(path).blocks(Place()))) == [(2, "60", "1", "3", "2", "4", "5")]


def test_a_line_that_cannot_be_split_costs_only_itself(tmp_path: Path) -> None:
    good = ",".join(ROWS[0])
    text = csv_text(good, "1,2", "", good + ",9", '"' + good, good.replace(",", '","').join('""'), "x" * 20_000, good)
    (block,) = opened(write(tmp_path / "a.csv", text)).blocks(Place())
    assert [row[0] for row in read([block])] == [2, 7, 9]
    assert [(row.number, row.reason) for row in block.bad] == [
        (3, "2 fields where the header has 6"),
        (5, "7 fields where the header has 6"),
        (6, "the quotes do not match (unexpected end of data)"),
        (8, "the line is longer than 10,000 characters"),
    ]


def test_a_line_that_is_no_utf8_costs_only_itself(tmp_path: Path) -> None:
    good = ",".join(ROWS[0]).encode()
    data = HEADER.encode() + b"\n" + good + b"\n\xff\xfe,1,2,3,4,5\n" + good  # the last line without a line end
    blocks = list(opened(write(tmp_path / "a.csv", data)).blocks(Place()))
    assert [row[0] for row in read(blocks)] == [2, 4]
    assert [(row.number, row.reason) for block in blocks for row in block.bad] == [(3, "the line is not UTF-8")]


def test_an_endless_line_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ingest.replay.csv_rows.MAX_LINE_BYTES", 20_000)
    good = ",".join(ROWS[0])
    rows = opened(write(tmp_path / "a.csv", csv_text(good, "x" * 500_000, good)))
    blocks = list(rows.blocks(Place(), block_bytes=1000))
    assert [row[0] for row in read(blocks)] == [2, 4]
    assert [(row.number, len(row.text)) for block in blocks for row in block.bad] == [(3, 10_000)]
    assert blocks[-1].end.offset == rows.total


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("snapped_at,price,market_cap,total_volume\n", "it begins with 'snapped_at,price,market_cap,total_volume'"),
        ("", "it begins with ''"),
        ("1609459200,1,2,3,4,5\n", "expected the header timestamp,open,high,low,close,volume"),
    ],
)
def test_another_header_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadDataError) as caught:
        open_csv_rows(write(tmp_path / "a.csv", text))
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["a.csv.zst", "a.csv.gz", "a.parquet"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no such thing")
    with pytest.raises(BadDataError, match="cannot be read"):
        open_file(tmp_path / name)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"ends in \.csv, \.csv\.gz, \.csv\.zst or \.parquet"):
        open_file(tmp_path / "a.json")


def table(times: pa.Array, **others: pa.Array) -> pa.Table:
    number = pa.array([Decimal("1.50")] * len(times), pa.decimal128(18, 2))
    columns = {"Timestamp": times, **dict.fromkeys(("Open", "High", "Low", "Close", "Volume"), number), **others}
    return pa.table(columns)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1609459200, 1609459260], pa.int64()),
        pa.array([1609459200.0, 1609459260.0], pa.float64()),
        pa.array([1609459200, 1609459260], pa.timestamp("s", "UTC")),
        pa.array([1609459200000000, 1609459260000000], pa.timestamp("us")),
        pa.array(["1609459200", "1609459260"]),
    ],
    ids=lambda times: str(times.type),
)
def test_a_parquet_files_times_may_have_any_type(tmp_path: Path, times: pa.Array) -> None:
    parquet.write_table(table(times), tmp_path / "a.parquet")
    rows = read(list(open_file(tmp_path / "a.parquet").blocks(Place())))
    assert rows == [(n, str(1609459140 + 60 * n), *["1.50"] * 5) for n in (1, 2)]


def test_what_is_no_whole_second_stays_visible(tmp_path: Path) -> None:
    times = pa.array([1.5, float("nan"), None], pa.float64())
    volumes = pa.array([None, 1e-7, 0.1], pa.float64())
    parquet.write_table(table(times, Volume=volumes), tmp_path / "a.parquet")
    rows = read(list(open_file(tmp_path / "a.parquet").blocks(Place())))
    assert [(row[1], row[-1]) for row in rows] == [("1.5", ""), ("nan", "1e-7"), ("", "0.1")]


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(BadDataError, match="it has the columns a; expected timestamp"):
        open_file(tmp_path / "a.parquet")


@pytest.fixture(scope="module")
def many_groups(tmp_path_factory: pytest.TempPathFactory) -> ParquetRows:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    parquet.write_table(table(pa.array(range(100), pa.int64())), path, row_group_size=30)
    rows: RowSource = open_file(path)
    assert isinstance(rows, ParquetRows)
    return rows


@given(start=st.integers(0, 100), size=st.integers(1, 40))
def test_a_parquet_file_is_read_from_any_row_on(many_groups: ParquetRows, start: int, size: int) -> None:
    blocks = list(many_groups.blocks(Place(start), batch_rows=size))
    assert [(row[0], row[1]) for row in read(blocks)] == [(n + 1, str(n)) for n in range(start, 100)]
    assert not blocks or blocks[-1].done == many_groups.total == 100
