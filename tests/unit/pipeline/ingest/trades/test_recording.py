from __future__ import annotations

import gzip

import pytest

from pipeline.errors import BadDataError
from pipeline.ingest.trades.recording import Recorded, Recorder, paced, read_recording
from tests.support.clock import FakeClock

FRAMES = [(b'{"type":"match"}', 10), (b"\xff\x00 no text", 20), ('{"ü":"\n"}'.encode(), 30)]


@pytest.mark.parametrize("name", ["session.jsonl", "session.jsonl.gz"])
def test_a_recording_gives_back_each_byte(tmp_path, name):
    recorder = Recorder(tmp_path / name, "simulator")
    for frame, at in FRAMES:
        recorder.write(frame, at)
    recorder.close()
    assert list(read_recording(tmp_path / name)) == [Recorded(frame, at, "simulator") for frame, at in FRAMES]
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")


def test_a_recording_is_never_overwritten(tmp_path):
    (tmp_path / "session.jsonl").write_text("precious")
    with pytest.raises(FileExistsError):
        Recorder(tmp_path / "session.jsonl", "simulator")


def test_a_line_without_a_source_is_the_exchanges(tmp_path):
    file = tmp_path / "session.jsonl"
    file.write_text('{"received_us": 5, "frame": "x"}\n')
    assert list(read_recording(file)) == [Recorded(b"x", 5, "coinbase")]


def test_a_torn_last_line_is_passed_over(tmp_path):
    file = tmp_path / "session.jsonl"
    file.write_text('{"received_us": 5, "frame": "x"}\n{"received_us": 6, "fr')
    assert len(list(read_recording(file))) == 1


def test_a_torn_compressed_file_gives_what_is_whole(tmp_path):
    file = tmp_path / "session.jsonl.gz"
    whole = gzip.compress(b'{"received_us": 5, "frame": "x"}\n' * 5000)
    file.write_bytes(whole[:-12])
    assert len(list(read_recording(file))) > 1000


@pytest.mark.parametrize("line", ["{}", "[]", "7", "no json", '{"received_us": "x", "frame": "y"}', '{"frame": 5}'])
def test_a_strange_line_is_named(tmp_path, line):
    file = tmp_path / "session.jsonl"
    file.write_text(f'{{"received_us": 5, "frame": "x"}}\n{line}\n')
    with pytest.raises(BadDataError, match="line 2 is no recorded frame"):
        list(read_recording(file))


@pytest.mark.parametrize(("speed", "waits"), [(1.0, [2.0, 1.0]), (10.0, [0.2, 0.1]), (float("inf"), [])])
def test_frames_come_at_their_pace(speed, waits):
    clock = FakeClock()
    frames = [Recorded(b"", at, "coinbase") for at in (7_000_000, 9_000_000, 10_000_000)]
    assert list(paced(iter(frames), speed, clock.time, clock.sleep)) == frames
    assert clock.sleeps == pytest.approx(waits)
