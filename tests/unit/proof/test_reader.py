"""What the reader takes for a fault: rows gone or twice, files that cannot be read; not an engine that is away."""

from __future__ import annotations

import time
from collections import deque

import pytest

from pipeline.errors import CoinlakeError, PrestoUnreachableError, QueryError
from proof.counts import Count
from proof.reader import Reader, is_away

TABLE = "silver.some"


class Answers:
    """A counter that gives what it was told."""

    tables = (TABLE,)

    def __init__(self, *answers: Count | CoinlakeError) -> None:
        self._left = deque(answers)

    def count(self, _table: str) -> Count:
        answer = self._left.popleft() if len(self._left) > 1 else self._left[0]
        if isinstance(answer, CoinlakeError):
            raise answer
        return answer


def refusal(message: str) -> QueryError:
    return QueryError("ICEBERG_CANNOT_OPEN_SPLIT", message, "20260101_000000_00000_abcde")


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ((Count(5, 5), Count(4, 4)), "4 keys after 5"),
        ((Count(6, 5),), "6 rows of 5 keys"),
        ((refusal("File does not exist: /warehouse/x.parquet"),), "File does not exist"),
        ((refusal("x.parquet is not a valid Parquet File"),), "not a valid Parquet"),
    ],
)
def test_what_must_not_be_is_noted(answers: tuple[Count | CoinlakeError, ...], fault: str) -> None:
    reader = Reader(Answers(*answers))
    for _ in answers:
        reader.look()
    assert len(reader.seen.faults) == 1
    assert fault in reader.seen.faults[0]


def test_a_count_that_grows_is_well() -> None:
    reader = Reader(Answers(Count(1, 1), Count(1, 1), Count(9, 9)))
    for _ in range(3):
        reader.look()
    assert (reader.seen.faults, reader.seen.answers) == ([], 3)


def test_an_engine_that_is_away_is_a_refusal_and_what_was_known_stays() -> None:
    reader = Reader(Answers(Count(5, 5), PrestoUnreachableError("http://x", "refused"), Count(4, 4)))
    for _ in range(3):
        reader.look()
    assert reader.seen.refusals == 1
    assert reader.seen.faults == [f"{TABLE}: 4 keys after 5"]


@pytest.mark.parametrize(
    "message",
    [
        "Failed connecting to Hive metastore: [127.0.0.1:18083]",
        "Call From host/127.0.0.1 to 127.0.0.1:18020 failed on connection exception: Connection refused",
        "Could not obtain block: BP-1:blk_1 file=/warehouse/x.parquet",
    ],
)
def test_storage_that_is_away_is_told_from_files_that_are_gone(message: str) -> None:
    assert is_away(refusal(message))


def test_it_reads_until_the_block_ends() -> None:
    with Reader(Answers(Count(1, 1))) as reader:
        deadline = time.monotonic() + 10
        while not reader.seen.answers and time.monotonic() < deadline:
            time.sleep(0.01)
    assert reader.seen.answers > 0
    assert reader.seen.longest_blind_s < 10
