"""The documentation names each stream's interval as the code has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spark.kafka_source import Pace
from pipeline.stream.bronze import events
from pipeline.stream.ops import gaps
from pipeline.stream.silver import query
from pipeline.stream.streams import candles, trades
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.model import Table
from pipeline.tables.ops import GAPS
from pipeline.tables.silver import BITCOIN_DATA, FACT_TRADES

SECONDS = {"milliseconds": 0.001, "second": 1, "seconds": 1}


def interval(trigger: str) -> str:
    """Return a trigger as the documentation writes it."""
    number, unit = trigger.split()
    seconds = int(number) * SECONDS[unit]
    return "every second" if seconds == 1 else f"every {seconds:g} s"


@pytest.mark.parametrize(
    ("table", "trigger"),
    [
        (BRONZE_EVENTS, events.TRIGGER),
        (FACT_TRADES, trades.TRIGGER),
        (BITCOIN_DATA, candles.TRIGGER),
        (GAPS, gaps.TRIGGER),
    ],
)
def test_the_table_of_tables_names_the_intervals(checkout: Path, table: Table, trigger: str) -> None:
    lines = (checkout / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(f"| `{table.schema}.{table.name}` |"))
    assert f"a batch {interval(trigger)}" in row


@pytest.mark.parametrize(("pace", "trigger"), [(trades.PACE, trades.TRIGGER), (candles.PACE, candles.TRIGGER)])
def test_it_names_the_pace_of_a_quiet_market(checkout: Path, pace: Pace, trigger: str) -> None:
    text = (checkout / "docs" / "architecture.md").read_text(encoding="utf-8")
    rate = pace.min_records // int(trigger.partition(" ")[0])
    assert f"from {rate} records a second on, every {pace.max_delay_s} s below" in text


def test_the_text_names_the_interval_of_prices(checkout: Path) -> None:
    text = (checkout / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"`silver` parses each record once, {interval(query.TRIGGER)}." in text
