"""An idle lake's figures: services, the supervisor's own part, and the sums."""

from __future__ import annotations

from bench.idle import figures


def test_the_supervisors_part_is_what_its_services_did_not_take() -> None:
    memory = {name: {"rss_mb": 300, "pss_mb": 200} for name in ("spark", "kafka", "supervisor")}
    found = figures({"kafka": 10.0, "spark": 30.0, "supervisor": 42.0}, memory, 100.0)
    assert found["services"] == {
        "spark": {"cpu_s": 30.0, "core_pct": 30.0, "rss_mb": 300, "pss_mb": 200},
        "kafka": {"cpu_s": 10.0, "core_pct": 10.0, "rss_mb": 300, "pss_mb": 200},
        "supervisor": {"cpu_s": 2.0, "core_pct": 2.0},
    }
    assert found["total"] == {"cpu_s": 42.0, "core_pct": 42.0, "rss_mb": 600, "pss_mb": 400}
