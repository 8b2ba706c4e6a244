from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.stream.metrics import StreamMetrics

REPORT = {
    "batchId": 7,
    "batchDuration": 350,
    "numInputRows": 12,
    "timestamp": "2026-11-30T08:00:00.500Z",
    "durationMs": {"addBatch": 300, "walCommit": 20},
    "sources": [
        {
            "endOffset": {"t": {"0": 90, "1": 5}},
            "latestOffset": {"t": {"0": 100, "1": 5}, "u": {"0": 3}},
            "startOffset": None,
        }
    ],
}


def values(text: bytes) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_a_batch_is_shown_with_its_phases_offsets_and_lag():
    found = values(StreamMetrics().render({"silver": REPORT}, {}))
    assert found == {
        ("coinlake_stream_batch", "silver"): 7,
        ("coinlake_stream_batch_seconds", "silver"): 0.35,
        ("coinlake_stream_batch_rows", "silver"): 12,
        ("coinlake_stream_phase_seconds", "addBatch", "silver"): 0.3,
        ("coinlake_stream_phase_seconds", "walCommit", "silver"): 0.02,
        ("coinlake_stream_batch_timestamp_seconds", "silver"): 1796025600.5,
        ("coinlake_stream_offset", "0", "silver", "t"): 90,
        ("coinlake_stream_offset", "1", "silver", "t"): 5,
        ("coinlake_stream_lag_records", "silver", "t"): 10,
        ("coinlake_stream_lag_records", "silver", "u"): 3,
    }


@pytest.mark.parametrize("source", [{}, {"endOffset": None, "latestOffset": None}])
def test_a_report_before_the_first_record(source):
    report = {"batchId": 0, "batchDuration": 0, "sources": [source]}
    assert values(StreamMetrics().render({"gaps": report}, {}))[("coinlake_stream_batch", "gaps")] == 0


def test_a_chore_that_works_again_has_no_figure():
    metrics = StreamMetrics()
    assert values(metrics.render({}, {"publish": 3})) == {("coinlake_chore_failures", "publish"): 3}
    assert values(metrics.render({}, {})) == {}
