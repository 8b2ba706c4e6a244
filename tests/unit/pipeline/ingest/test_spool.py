from __future__ import annotations

import logging
import os

import pytest

from pipeline.ingest import spool as spool_module
from pipeline.ingest.records import Record
from pipeline.ingest.spool import Spool


def record(number, size=0):
    headers = [("source", b"simulator"), ("received_us", b"%d" % number)]
    return Record(b'{"n":%d}\n' % number + b"x" * size, b"BTC-USD" if number % 2 else None, headers)


def fill(spool, numbers):
    """Write each record at once, so that segments end."""
    for number in numbers:
        spool.append(record(number))
        spool.sync()


def read_all(spool):
    found = []
    while part := spool.read(3):
        found += part
    return found


def segments(folder):
    return sorted(folder.glob("*.spool"))


def test_records_come_back_whole_and_in_order(tmp_path):
    spool = Spool(tmp_path, segment_bytes=200)
    written = [record(number) for number in range(20)] + [Record(b"", None, [], "trade_gaps")]
    for one in written:
        spool.append(one)
        spool.sync()
    assert len(segments(tmp_path)) > 2
    assert spool.unread
    assert read_all(spool) == written
    assert not spool.unread


def test_reading_and_writing_take_turns(tmp_path):
    spool = Spool(tmp_path, segment_bytes=300)
    found = []
    for number in range(50):
        spool.append(record(number))
        if number % 7 == 0:
            spool.sync()
            found += spool.read(2)
    assert found + read_all(spool) == [record(number) for number in range(50)]


def test_the_next_process_reads_what_the_last_one_left(tmp_path):
    first = Spool(tmp_path, segment_bytes=200)
    fill(first, range(10))
    first.close()
    second = Spool(tmp_path, segment_bytes=200)
    assert second.size == sum(file.stat().st_size for file in segments(tmp_path))
    second.append(record(10))
    assert read_all(second) == [record(number) for number in range(11)]


@pytest.mark.parametrize("torn", [1, 9, 30])
def test_a_torn_end_costs_one_record(tmp_path, torn, caplog):
    first = Spool(tmp_path)
    for number in range(5):
        first.append(record(number))
    first.close()
    (file,) = segments(tmp_path)
    os.truncate(file, file.stat().st_size - torn)
    second = Spool(tmp_path)
    second.append(record(5))
    with caplog.at_level(logging.WARNING):
        assert read_all(second) == [record(number) for number in (0, 1, 2, 3, 5)]
    assert "skipped" in caplog.text
    assert not second.unread


def test_a_spoilt_byte_is_found_by_the_checksum(tmp_path):
    first = Spool(tmp_path)
    for number in range(3):
        first.append(record(number))
    first.close()
    (file,) = segments(tmp_path)
    data = bytearray(file.read_bytes())
    data[-2] ^= 1
    file.write_bytes(data)
    assert read_all(Spool(tmp_path)) == [record(0), record(1)]


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_spoilt_record_costs_only_itself(tmp_path, at, monkeypatch, caplog):
    spool = Spool(tmp_path)
    written = [record(number, size=2000) for number in range(4)]
    starts = []
    for one in written:
        starts.append(spool.size)
        spool.append(one)
    spool.sync()
    (file,) = segments(tmp_path)
    data = bytearray(file.read_bytes())
    data[starts[at] + 100] ^= 1
    file.write_bytes(data)
    monkeypatch.setattr(spool_module, "READ_BYTES", 5000)  # so that records straddle what is read at once
    left = [one for one in written if one is not written[at]]
    with caplog.at_level(logging.WARNING):
        assert read_all(spool) == left, "in the process that writes it"
        assert not spool.unread
        assert "skipped" in caplog.text
        assert read_all(Spool(tmp_path)) == left, "and in the next one"
    spool.append(record(9))
    assert read_all(spool) == [record(9)]


def test_a_spoilt_length_does_not_hide_what_follows(tmp_path):
    spool = Spool(tmp_path)
    fill(spool, range(3))
    (file,) = segments(tmp_path)
    data = bytearray(file.read_bytes())
    data[0:4] = b"\xff\xff\x0f\x00"
    file.write_bytes(data)
    assert read_all(spool) == [record(1), record(2)]


def test_an_empty_segment_is_no_obstacle(tmp_path):
    (tmp_path / f"{1:012d}.spool").touch()
    spool = Spool(tmp_path)
    spool.append(record(1))
    assert read_all(spool) == [record(1)]


def test_what_is_acknowledged_leaves_the_disk(tmp_path):
    spool = Spool(tmp_path, segment_bytes=200)
    fill(spool, range(20))
    spool.read(10)
    before, middle = len(segments(tmp_path)), spool.position
    spool.forget(middle)
    assert 0 < len(segments(tmp_path)) < before
    rest = read_all(spool)
    assert rest == [record(number) for number in range(10, 20)]
    spool.forget(spool.position)
    assert segments(tmp_path) == []
    assert (spool.size, spool.unread) == (0, False)
    spool.append(record(20))
    assert read_all(spool) == [record(20)]


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, caplog):
    spool, real, room = Spool(tmp_path), os.write, 100

    def write(file, data):
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        part = bytes(data[:room])
        room -= len(part)
        return real(file, part)

    monkeypatch.setattr(os, "write", write)
    for number in range(9):
        spool.append(record(number))
    spool.sync()
    stuck = spool.stuck
    assert stuck
    assert "No space left" in caplog.text
    spool.sync()
    early = spool.read(100)
    room = 10**6
    spool.sync()
    stuck = spool.stuck
    assert not stuck
    assert early + read_all(spool) == [record(number) for number in range(9)]
    assert caplog.text.count("No space left") == 1


def test_nothing_is_deleted_while_the_disk_does_not_sync(tmp_path, monkeypatch):
    spool = Spool(tmp_path, segment_bytes=200)
    fill(spool, range(8))
    read_all(spool)
    kept = segments(tmp_path)

    def fail(_file):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        spool.append(record(8))
        spool.sync()
        spool.forget(spool.position)
        assert spool.stuck
        assert segments(tmp_path)[: len(kept)] == kept
    spool.sync()
    spool.forget(spool.position)
    assert not spool.stuck
    assert len(segments(tmp_path)) < len(kept)
