"""A record on its way to Kafka, and its form on disk: length, checksum, then topic, key and headers, then the value."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import orjson

from pipeline.events.trades import RAW_TRADES

PREFIX = struct.Struct("<II")

OPENING = b'["'  # what each payload begins with: the topic, as the first of a list
MAX_PAYLOAD = 2 * 1024 * 1024  # far more than the longest record

Headers = list[tuple[str, bytes]]


class Record(NamedTuple):
    """What Kafka's client is given; key and headers are text."""

    value: bytes
    key: bytes | None
    headers: Headers
    topic: str = RAW_TRADES.name


def encode(record: Record) -> bytes:
    """Return the record's form on disk."""
    key = None if record.key is None else record.key.decode()
    headers = [(name, value.decode()) for name, value in record.headers]
    payload = orjson.dumps([record.topic, key, headers]) + b"\n" + record.value
    return PREFIX.pack(len(payload), zlib.crc32(payload)) + payload


def decode(data: bytes, limit: int) -> tuple[list[Record], int]:
    """Return the whole records at the start of `data`, at most `limit`, and how many bytes those are."""
    records: list[Record] = []
    used = 0
    while len(records) < limit and used + PREFIX.size <= len(data):
        length, checksum = PREFIX.unpack_from(data, used)
        payload = data[used + PREFIX.size : used + PREFIX.size + length]
        if len(payload) < length or zlib.crc32(payload) != checksum or not length:
            break
        records.append(_record(payload))
        used += PREFIX.size + length
    return records, used


def find_record(data: bytes, start: int) -> int | None:
    """Return where, from `start` on, a record seems to begin: one that is whole, or that `data` cuts off."""
    at = data.find(OPENING, start + PREFIX.size)
    while at >= 0:
        begin = at - PREFIX.size
        length, checksum = PREFIX.unpack_from(data, begin)
        payload = data[at : at + length]
        if len(payload) < length <= MAX_PAYLOAD or (len(payload) == length and zlib.crc32(payload) == checksum):
            return begin
        at = data.find(OPENING, at + 1)
    return None


def _record(payload: bytes) -> Record:
    about, _, value = payload.partition(b"\n")
    topic, key, headers = orjson.loads(about)
    return Record(
        value, None if key is None else key.encode(), [(name, text.encode()) for name, text in headers], topic
    )
