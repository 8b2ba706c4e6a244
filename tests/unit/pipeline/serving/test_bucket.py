"""Reading objects that are replaced at the same time."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.serving.bucket import READS, Bucket
from pipeline.settings import load_settings

ROWS = pa.table({"minute": [1, 2, 3]})


def whole() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(ROWS, buffer)
    return buffer.getvalue()


class Store:
    """Opens one object after the other."""

    def __init__(self, *objects: bytes) -> None:
        self._objects: Iterator[bytes] = iter(objects)

    def open_input_file(self, _path: str) -> io.BytesIO:
        return io.BytesIO(next(self._objects))


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(load_settings({}).serving.bucket)


def test_an_object_that_is_replaced_meanwhile_is_read_again(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "_store", Store(whole()[:-4] + b"half", whole()))
    assert bucket.read("a.parquet") == ROWS


def test_an_object_that_stays_broken_is_an_error(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "_store", Store(*[b"no Parquet"] * READS))
    with pytest.raises(pa.ArrowInvalid, match="Parquet"):
        bucket.read("a.parquet")
