"""ops.gaps: the newest state of each gap, whatever comes twice or is no state at all."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import Row, SparkSession

from pipeline.events.trades import FILLED, LOST, OPEN, GapState
from pipeline.stream.ops import gaps
from pipeline.tables.ops import GAPS

OPENED = datetime.now(UTC).replace(microsecond=250_000) - timedelta(days=1)
GAP = GapState("coinbase:BTC-USD:5", "coinbase", "BTC-USD", 5, 9, OPENED, "jump", OPEN)
CLOSED = replace(GAP, status=FILLED, filled=5, closed_at=OPENED, note="five")


def deliver(spark: SparkSession, *payloads: bytes | None, first: int = 0) -> list[Row]:
    records = [(first + number, None if p is None else bytearray(p)) for number, p in enumerate(payloads)]
    gaps.write(gaps.to_states(spark.createDataFrame(records, "offset bigint, payload binary")), 0)
    return spark.table(GAPS.full_name).orderBy("gap_id").collect()


def test_a_gap_s_every_field_lands(lake: SparkSession) -> None:
    (row,) = deliver(lake, CLOSED.to_json())
    naive = OPENED.replace(tzinfo=None)
    assert tuple(row) == (
        "coinbase:BTC-USD:5", "coinbase", "BTC-USD", 5, 9, naive, "jump", FILLED, 5, 0, naive, "five"
    )  # fmt: skip


def test_the_newest_state_counts(lake: SparkSession) -> None:
    other = replace(GAP, gap_id="coinbase:BTC-USD:50", status=LOST, lost=5)
    deliver(lake, GAP.to_json(), other.to_json())
    assert [row.status for row in deliver(lake, replace(GAP, filled=2).to_json(), CLOSED.to_json())] == [
        FILLED,
        LOST,
    ]
    assert [row.status for row in deliver(lake, GAP.to_json(), CLOSED.to_json())] == [FILLED, LOST]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"gap_id": "x"}',
        GAP.to_json().replace(b'"to_id":9', b'"to_id":"nine"'),
        GAP.to_json().replace(b'"opened_at":1', b'"opened_at":9999999999'),
    ],
)
def test_what_is_no_state_is_logged_and_skipped(
    lake: SparkSession, caplog: pytest.LogCaptureFixture, bad: bytes | None
) -> None:
    with caplog.at_level(logging.WARNING):
        found = deliver(lake, bad, CLOSED.to_json(), first=70)
    assert [row.gap_id for row in found] == [GAP.gap_id]
    assert "trade_gaps offset 70 skipped" in caplog.text


def test_a_batch_without_states_makes_no_snapshot(lake: SparkSession) -> None:
    deliver(lake, b"{")
    assert lake.table(f"{GAPS.full_name}.snapshots").count() == 0


def test_what_is_known_already_is_not_written_again(lake: SparkSession) -> None:
    deliver(lake, GAP.to_json(), replace(GAP, gap_id="coinbase:BTC-USD:50").to_json())
    deliver(lake, CLOSED.to_json())
    seen = lake.table(f"{GAPS.full_name}.snapshots").count()
    assert [row.status for row in deliver(lake, GAP.to_json(), CLOSED.to_json())] == [FILLED, OPEN]
    assert lake.table(f"{GAPS.full_name}.snapshots").count() == seen == 2


def test_closed_gaps_go_after_a_while_and_open_ones_stay(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)

    def closed(gap_id: str, status: str, days: int) -> bytes:
        time = now - timedelta(days=days)
        return replace(GAP, gap_id=gap_id, opened_at=time, status=status, closed_at=time).to_json()

    ancient = replace(GAP, gap_id="open", opened_at=now - timedelta(days=900)).to_json()
    states = [ancient, closed("filled", FILLED, 29), closed("lost", LOST, 399), closed("late", FILLED, 31)]
    assert [row.gap_id for row in deliver(lake, *states)] == ["filled", "lost", "open"]
    monkeypatch.setitem(gaps.KEEP_CLOSED, FILLED, timedelta(days=28))  # as if a day or two had passed
    assert [row.gap_id for row in deliver(lake, closed("new", FILLED, 1))] == ["lost", "new", "open"]
