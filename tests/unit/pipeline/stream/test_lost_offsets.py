"""Which offsets were deleted unread, and which of them somebody has accepted."""

from __future__ import annotations

from pipeline.spark.query_checkpoint import parse_offsets, raise_offsets
from pipeline.stream.lost_offsets import LostRange, find_lost, from_json, is_accepted, to_json

LOST = LostRange("trades", "frames", 2, 5, 99)


def test_what_lies_before_the_oldest_record_is_lost_to_each_stream_that_had_to_read_it() -> None:
    positions = {
        "bronze": {"frames": {"0": 40, "2": 100}, "letters": {"0": 0}},
        "trades": {"frames": {"0": 41, "2": 5}},
        "gaps": {},
    }
    assert find_lost(positions, {"frames": {"0": 41, "2": 100}, "letters": {"0": 0}}) == [
        LostRange("bronze", "frames", 0, 40, 40),
        LOST,
    ]


def test_a_partition_that_kafka_does_not_name_is_not_called_lost() -> None:
    assert find_lost({"trades": {"frames": {"0": 4}}}, {}) == []


def test_a_range_is_told_in_plain_words() -> None:
    assert str(LOST) == "stream trades: frames partition 2, offsets 5 to 99 (95 records)"
    assert str(LostRange("gaps", "t", 0, 7, 7)) == "stream gaps: t partition 0, offsets 7 to 7 (1 record)"


def test_a_range_that_has_grown_at_its_end_stays_accepted_and_another_one_does_not() -> None:
    grown = LostRange("trades", "frames", 2, 5, 150)
    other = LostRange("bronze", "frames", 2, 5, 99)
    assert is_accepted([grown], from_json(to_json([LOST])))
    assert not is_accepted([LOST, other], from_json(to_json([LOST])))


def test_offsets_are_raised_to_the_floor_and_nothing_else_changes() -> None:
    text = 'v1\n{"batchWatermarkMs":0}\n{"frames":{"0":40,"2":5},"letters":{"0":1}}'
    raised = raise_offsets(text, {"frames": {"0": 12, "2": 100}})
    assert raised == 'v1\n{"batchWatermarkMs":0}\n{"frames":{"0":40,"2":100},"letters":{"0":1}}'
    assert parse_offsets(raised)["frames"] == {"0": 40, "2": 100}
