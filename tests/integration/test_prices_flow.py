"""The main job: prices enter at the market and are read back through Presto."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.prices import key_of, price_event, record
from tests.support.stack import Stack
from tests.support.waiting import wait_until

PRICES = "iceberg.silver.coin_prices"


def test_every_coin_arrives_marked_as_simulated(stack: Stack) -> None:
    def sources() -> set[tuple[str, str]]:
        rows = stack.presto(f"SELECT DISTINCT coin, source FROM {PRICES} WHERE source NOT LIKE 'test-%'")
        return {(coin, source) for coin, source in rows}

    live = {(coin, "simulator") for coin in stack.settings.markets.coins}
    wait_until(lambda: sources() >= live, 60, f"a price of each of {stack.settings.markets.coins}")
    assert {name for _, name in sources()} <= {"simulator", "csv_coingecko"}


def test_prices_grow_while_watched(stack: Stack) -> None:
    where = "source = 'simulator'"
    first = stack.count(PRICES, where)
    second = wait_until(lambda: max(stack.count(PRICES, where) - first, 0), 30, "silver grows") + first
    wait_until(lambda: stack.count(PRICES, where) > second, 30, "silver grows again")


def test_event_is_seen_within_seconds_with_every_digit(stack: Stack, source: str) -> None:
    moment = datetime.now(UTC).replace(microsecond=123_000)
    event = price_event(source, moment, price="0.123456789012345678")
    stack.produce("coin_events", *record(event))
    query = (
        f"SELECT coin, CAST(event_time AS varchar), source, CAST(price_usd AS varchar), volume_usd FROM {PRICES} "
        "WHERE source = ?"
    )
    rows = wait_until(lambda: stack.presto(query, [source]), 15, "the event through Presto")
    assert rows == [(*key_of(event), "0.123456789012345678", None)]


def test_late_event_still_lands(stack: Stack, source: str) -> None:
    event = price_event(source, datetime.now(UTC) - timedelta(days=3))
    stack.produce("coin_events", *record(event))
    stack.wait_for_count(1, PRICES, f"source = '{source}'")


def test_event_sent_twice_is_one_row(stack: Stack, source: str) -> None:
    twice, once = (price_event(source, datetime.now(UTC) - timedelta(minutes=n)) for n in (2, 1))
    stack.produce_all("coin_events", [record(twice), record(twice)])
    stack.wait_for_count(1, PRICES, f"source = '{source}'")
    # ... also when the second one comes in a later batch, after the first is in the table
    stack.produce_all("coin_events", [record(twice), record(once)])
    stack.wait_for_count(2, PRICES, f"source = '{source}'")


def test_bronze_keeps_each_record_unchanged(stack: Stack, source: str) -> None:
    payload = f'{{"anything": "at all", "marker": "{source}"}}\n'.encode()
    stack.produce("coin_events", b"bitcoin", payload)
    query = "SELECT from_utf8(payload), from_utf8(key), topic FROM iceberg.bronze.events WHERE payload = ?"
    rows = wait_until(lambda: stack.presto(query.replace("?", f"X'{payload.hex()}'")), 60, "the record in bronze")
    assert rows == [(payload.decode(), "bitcoin", "coin_events")]
