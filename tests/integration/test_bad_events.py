"""Events that cannot be read: each is kept with its reason, and the good ones around it land."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.prices import price_event, record
from tests.support.stack import Stack
from tests.support.waiting import wait_until

RUN = uuid.uuid4().hex[:16]
GOOD: dict[str, Any] = json.loads(price_event(f"test-bad-{RUN}", datetime.now(UTC)).to_json())
NOW_MS = GOOD["event_time"]
AROUND = f"test-around-{RUN}"


def changed(**fields: object) -> bytes:
    """Return a good event with some fields changed."""
    return json.dumps({**GOOD, **fields}).encode()


def key_of_bad(name: str) -> bytes:
    """Return the Kafka key by which a bad event is found again in bronze."""
    return f"{RUN}/{name}".encode()


def without(field: str) -> bytes:
    """Return a good event with a field left out."""
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


# name -> payload, the words that the reason must hold
BAD: dict[str, tuple[bytes | None, str]] = {
    "no value": (None, "empty"),
    "empty": (b"", "empty"),
    "blank": (b"   ", "JSON"),
    "cut off": (changed()[:40], "JSON"),
    "not JSON": (b"bitcoin costs a lot", "JSON"),
    "an array": (b"[1, 2, 3]", "not a JSON object"),
    "not UTF-8": (b'{"coin": "\xff\xfe"}', "UTF-8"),
    "nothing in it": (b"{}", "coin is missing; event_time is missing; price_usd is missing; source is missing"),
    "no coin": (without("coin"), "coin is missing"),
    "no time": (without("event_time"), "event_time is missing"),
    "no price": (without("price_usd"), "price_usd is missing"),
    "null price": (changed(price_usd=None), "price_usd is missing"),
    "no source": (without("source"), "source is missing"),
    "price in words": (changed(price_usd="cheap"), "price_usd is not a decimal number: cheap"),
    "price an object": (changed(price_usd={"usd": 1}), "price_usd is not a decimal number"),
    "time in words": (changed(event_time="yesterday"), "event_time is not a whole number of milliseconds: yesterday"),
    "time with a fraction": (changed(event_time=NOW_MS + 0.5), "event_time is not a whole number"),
    "price 0": (changed(price_usd="0"), "price_usd is not positive: 0"),
    "price below 0": (changed(price_usd="-1.5"), "price_usd is not positive: -1.5"),
    "price NaN": (changed(price_usd="NaN"), "price_usd is not a decimal number: NaN"),
    "price a bare NaN": (changed(price_usd=float("nan")), "not valid JSON"),
    "price infinite": (changed(price_usd="Infinity"), "price_usd is not a decimal number: Infinity"),
    "price too large": (changed(price_usd="1" * 25), "price_usd is too large"),
    "price too fine": (changed(price_usd="0.1234567890123456789"), "more than 18 decimals"),
    "volume below 0": (changed(volume_usd="-1"), "volume_usd is negative: -1"),
    "seconds, not ms": (changed(event_time=NOW_MS // 1000), "before 2009-01-03 (seconds instead of milliseconds?)"),
    "microseconds": (changed(event_time=NOW_MS * 1000), "in the future"),
    "in the future": (changed(event_time=NOW_MS + 3_600_000), "in the future"),
    "before 2009": (changed(event_time=1_230_940_799_999), "before 2009-01-03"),
    "time overflows": (changed(event_time=10**30), "event_time is not a whole number of milliseconds"),
    "unknown coin": (changed(coin="dodgecoin"), "unknown coin: dodgecoin"),
    "three faults": (
        changed(coin="dodgecoin", price_usd="0", event_time="x"),
        "unknown coin: dodgecoin; event_time is not a whole number of milliseconds: x; price_usd is not positive: 0",
    ),
}


@pytest.fixture(scope="module")
def rejected(stack: Stack) -> dict[str, str]:
    """Produce each bad event between two good ones; return the reason under which each was rejected, by its name."""
    start = datetime.now(UTC) - timedelta(hours=1)
    records: list[tuple[bytes | None, bytes | None]] = []
    for number, (name, (payload, _)) in enumerate(BAD.items()):
        records += [record(price_event(AROUND, start + timedelta(seconds=number))), (key_of_bad(name), payload)]
    records.append(record(price_event(AROUND, start - timedelta(seconds=1))))
    stack.produce_all("coin_events", records)
    query = (
        "SELECT from_utf8(b.key), r.reason FROM iceberg.silver.rejected_events r JOIN iceberg.bronze.events b "
        'ON r.topic = b.topic AND r.partition = b.partition AND r."offset" = b."offset" '
        f"WHERE from_utf8(b.key) LIKE '{RUN}/%'"
    )

    def reasons() -> dict[str, str]:
        by_key: dict[str, str] = {str(key): reason for key, reason in stack.presto(query)}
        return {name: by_key[key] for name in BAD if (key := key_of_bad(name).decode()) in by_key}

    wait_until(lambda: len(reasons()) == len(BAD), 90, f"{len(BAD)} rejected events")
    return reasons()


@pytest.mark.parametrize("name", BAD)
def test_bad_event_is_kept_with_its_reason(rejected: dict[str, str], name: str) -> None:
    assert BAD[name][1] in rejected[name]


def test_good_events_around_them_land(stack: Stack, rejected: dict[str, str]) -> None:
    assert rejected
    stack.wait_for_count(len(BAD) + 1, "iceberg.silver.coin_prices", f"source = '{AROUND}'")


def test_none_of_them_became_a_price(stack: Stack, rejected: dict[str, str]) -> None:
    assert rejected
    assert stack.count("iceberg.silver.coin_prices", f"source = '{GOOD['source']}'") == 0


def test_dead_letter_of_the_ingest_is_a_rejected_event(stack: Stack, source: str) -> None:
    letter = {"origin": f"{source}:line 17", "reason": "partial last line", "payload": "13253"}
    stack.produce("dead_letters", None, json.dumps(letter).encode())
    where = f"topic = 'dead_letters' AND reason = '{source}:line 17: partial last line'"
    stack.wait_for_count(1, "iceberg.silver.rejected_events", where)


def test_payload_of_10_mb_is_refused_by_the_broker_and_stops_nothing(stack: Stack, source: str) -> None:
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        stack.produce("coin_events", b"bitcoin", b"{" + b" " * 10_000_000 + b"}")
    stack.produce("coin_events", *record(price_event(source, datetime.now(UTC))))
    stack.wait_for_count(1, "iceberg.silver.coin_prices", f"source = '{source}'")


def test_largest_payload_that_fits_is_kept_whole_in_bronze(stack: Stack, source: str) -> None:
    payload = source.encode().ljust(999_000, b"x")
    stack.produce("coin_events", source.encode(), payload)
    shown = f"payload_bytes = {len(payload)} AND length(payload) = 4096 AND payload LIKE '{source}%'"
    stack.wait_for_count(1, "iceberg.silver.rejected_events", shown)
    kept = f"from_utf8(key) = '{source}' AND length(payload) = {len(payload)}"
    stack.wait_for_count(1, "iceberg.bronze.events", kept)
