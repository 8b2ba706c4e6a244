"""The named places: each has its rule, armed by a file of its name."""

from __future__ import annotations

from pathlib import Path

from proof.points import POINTS, SINK_UNCOMMITTED, WITHIN_APPEND, rules


def test_each_place_has_a_rule_and_a_file_that_arms_it() -> None:
    text = rules(Path("/points"))
    for name in (*WITHIN_APPEND, SINK_UNCOMMITTED):
        assert f"RULE {name}\n" in text
        assert f'new java.io.File("/points/{name}")' in text


def test_no_two_points_share_a_name() -> None:
    assert len(set(POINTS)) == len(POINTS)
