"""A running lake is backed up and restored elsewhere: the same rows, and the new lake resumes without a hole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.failpoints import VARIABLE
from pipeline.settings import load_settings
from pipeline.simulated_exchange import SimulatedExchange
from pipeline.tables.catalog import ICEBERG_TABLES, TABLES
from tests.support.runner import free_port_base
from tests.support.stack import Row, Stack
from tests.support.trading import IDLE_RATE, TRADES
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long  # a second lake, beside the one that all tests share

BACKUP, RESTORE = "pipeline/scripts/lake_backup.sh", "pipeline/scripts/lake_restore.sh"
SETUP, DOWN = "pipeline/scripts/pipeline_setup.sh", "pipeline/scripts/pipeline_down.sh"
REJECTED = "iceberg.silver.rejected_events"
# What only grows, with the column that says when a row reached Kafka.
GROWING = {
    "iceberg.bronze.events": "kafka_time",
    "iceberg.silver.coin_prices": "ingested_at",
    TRADES: "ingested_at",
    REJECTED: "kafka_time",
}
SETTLED_S = 30  # what is older is in the tables for good


@dataclass(frozen=True)
class BackedUp:
    """Where the backups are, what the verb said, and the lake's state shortly before the last one."""

    target: Path
    said: list[str]
    before: str  # rows that reached Kafka before this time are in every backup
    last_ids: dict[str, int]


@pytest.fixture(scope="module")
def backed_up(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    """Two backups into one folder, while trades and prices flow; the second one copies what is new."""
    target = tmp_path_factory.mktemp("backups")
    stack.produce("coin_events", b"bitcoin", b"not JSON")
    exchange = SimulatedExchange.of(stack.settings)
    exchange.set_rate(200)
    made = exchange.last_ids()
    wait_until(lambda: sum(exchange.last_ids().values()) - sum(made.values()) > 2000, 60, "2,000 trades are made")
    said = [stack.script(BACKUP, str(target), seconds=180)]
    settled = f"kafka_time < localtimestamp - INTERVAL '{SETTLED_S}' SECOND"
    wait_until(lambda: stack.count(REJECTED, settled) > 0, 2 * SETTLED_S, "a rejected event is in the table for good")
    ((before,),) = stack.presto(f"SELECT CAST(current_timestamp - INTERVAL '{SETTLED_S}' SECOND AS varchar)")
    ids = dict(stack.presto(f"SELECT product_id, max(trade_id) FROM {TRADES} GROUP BY product_id"))
    said.append(stack.script(BACKUP, str(target), "--keep", "2", seconds=180))
    exchange.set_rate(IDLE_RATE)
    return BackedUp(target, said, before.removesuffix(" UTC"), ids)


@pytest.fixture(scope="module")
def restored(stack: Stack, backed_up: BackedUp) -> Iterator[Stack]:
    """Another lake, in a home and on ports of its own and so under another URI, restored from the second backup."""
    home = stack.settings.home.with_name("restored")
    env = {name: value for name, value in stack.env.items() if name != VARIABLE} | {
        "COINLAKE_HOME": str(home),
        "COINLAKE_PORT_BASE": str(free_port_base()),
        "COINLAKE_SMALL": "true",
    }
    lake = Stack(load_settings(env), env, stack.root)
    if home.exists():
        lake.run(DOWN)
        shutil.rmtree(home)
    try:
        print(lake.script(RESTORE, str(backed_up.target), seconds=300))
        print(lake.script(SETUP, "--native", "--no-notebook", seconds=300))
        yield lake
    finally:
        print(lake.script(DOWN, "--purge", "--yes"))


def rows_before(lake: Stack, table: str, time: str) -> Row:
    """Return number and checksum of the rows that reached Kafka before a time."""
    name = table if table.count(".") == 2 else f"iceberg.{table}"
    schema, short = name.split(".")[1:]
    columns = next(each.column_names for each in TABLES if (each.schema, each.name) == (schema, short))
    row = ", ".join(f'"{column}"' for column in columns)
    (found,) = lake.presto(
        f"SELECT count(*), checksum(ROW({row})) FROM {name} WHERE {GROWING[table]} < TIMESTAMP '{time}'"
    )
    return found


def test_a_second_backup_copies_only_what_is_new(backed_up: BackedUp) -> None:
    copied = [re.search(r"([\d,]+) new files copied .*, ([\d,]+) were there", said) for said in backed_up.said]
    (first, none), (second, kept) = ((int(n.replace(",", "")) for n in found.groups()) for found in copied if found)
    assert none == 0
    assert first > len(ICEBERG_TABLES)
    assert 0 < second < first
    assert kept > 0


def test_the_restored_lake_has_the_same_rows(stack: Stack, restored: Stack, backed_up: BackedUp) -> None:
    # That each table equals the one that was backed up, by count and checksum, the restore has compared itself.
    for table in GROWING:
        expected = rows_before(stack, table, backed_up.before)
        assert rows_before(restored, table, backed_up.before) == expected, table
        assert expected[0] > 0, table


def test_the_published_table_is_made_again(restored: Stack) -> None:
    query = (
        "SELECT count(*), checksum(ROW(coin, event_time, price_usd, market_cap_usd, volume_usd, source)) "
        "FROM {} WHERE event_time < current_date"
    )
    silver = restored.presto(query.format("iceberg.silver.coin_prices"))
    assert silver[0][0] > 4000
    wait_until(
        lambda: restored.presto(query.format("hive.crypto.coin_data")) == silver, 60, "coin_data is published again"
    )


def test_trades_resume_without_a_hole_and_none_twice(restored: Stack, backed_up: BackedUp) -> None:
    newest = SimulatedExchange.of(restored.settings).last_ids()
    assert newest.keys() == backed_up.last_ids.keys()
    assert all(newest[product] > last for product, last in backed_up.last_ids.items())
    spans = {product: (last, newest[product]) for product, last in backed_up.last_ids.items()}
    where = " OR ".join(f"(product_id = '{p}' AND trade_id BETWEEN {a + 1} AND {b})" for p, (a, b) in spans.items())
    expected = sum(last - first for first, last in spans.values())
    restored.wait_for_count(expected, TRADES, where, 120)
    wait_until(lambda: restored.count("ops.gaps", "status = 'open'") == 0, 60, "no gap is open")
    reasons = {reason for (reason,) in restored.presto(f"SELECT DISTINCT reason FROM ops.gaps WHERE {gaps(spans)}")}
    assert "kafka_replaced" in reasons
    for table, key in (
        (TRADES, "source, product_id, trade_id"),
        ("silver.coin_prices", "coin, event_time, source"),
        ("bronze.events", "topic_id, topic, partition, offset"),
        ("ops.gaps", "gap_id"),
    ):
        assert restored.presto(f"SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1") == [], table


def gaps(spans: dict[str, tuple[int, int]]) -> str:
    """Return the condition that tells the gaps within these trades."""
    return " OR ".join(f"(product_id = '{p}' AND to_id > {a})" for p, (a, _) in spans.items())


def test_a_restored_lake_is_not_restored_again(restored: Stack, backed_up: BackedUp) -> None:
    done = restored.run(RESTORE, str(backed_up.target))
    assert done.returncode == 1
    assert "a backup is restored into an empty lake only" in done.stdout
