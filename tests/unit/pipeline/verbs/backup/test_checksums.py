"""The statement that counts a table's rows and sums them up: of the whole row, and of one snapshot."""

from __future__ import annotations

from typing import Any, cast

from pipeline.presto import Presto
from pipeline.verbs.backup.checksums import TableSum, table_sum


class Answer:
    """Gives the same answer to any statement, which it keeps."""

    def __init__(self, *row: object) -> None:
        self.row, self.sql = list(row), ""

    def rows(self, sql: str) -> list[list[Any]]:
        self.sql = sql
        return [self.row]


def asked(answer: Answer, snapshot: int | None) -> TableSum:
    return table_sum(cast(Presto, answer), "iceberg.bronze.events", ["topic", "offset"], snapshot)


def test_a_snapshot_is_summed_up() -> None:
    answer = Answer(3, "c3Vt")
    assert asked(answer, 17) == TableSum(3, "c3Vt")
    assert answer.sql.endswith('FROM iceberg.bronze."events@17"')
    assert 'checksum(ROW("topic", "offset"))' in answer.sql


def test_the_current_state_of_an_empty_table_is_summed_up() -> None:
    answer = Answer(0, None)
    assert asked(answer, None) == TableSum(0, None)
    assert answer.sql.endswith('FROM iceberg.bronze."events"')
