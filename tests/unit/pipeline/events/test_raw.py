"""Dead letters: they fit their topic whatever was read."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.raw import MAX_EVENT_BYTES, DeadLetter


@given(origin=st.text(), reason=st.text(), payload=st.text())
def test_dead_letter_survives_the_wire(origin: str, reason: str, payload: str) -> None:
    wire = DeadLetter(origin, reason, payload).to_json()
    assert json.loads(wire) == {"origin": origin, "reason": reason, "payload": payload}


def test_long_payload_is_cut_to_fit_its_topic_even_where_each_character_is_escaped() -> None:
    wire = DeadLetter("csv_kaggle:line 17", "line too long", "€" * 10_000_000).to_json()
    assert len(wire) <= MAX_EVENT_BYTES
    assert json.loads(wire)["payload"].startswith("€€€")
