"""One address has all figures for Prometheus, and the dashboard asks for none that is not there."""

from __future__ import annotations

import json
import re

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.stack import Stack
from tests.support.waiting import wait_until

# They come with the first failure.
ONCE_SOMETHING_FAILED = {"coinlake_errors_total", "coinlake_chore_failures"}


def names(stack: Stack) -> set[str]:
    text = httpx.get(f"{stack.settings.url('scheduler')}/metrics").raise_for_status().text
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_every_metric_of_the_dashboard_exists(stack: Stack) -> None:
    dashboard = json.loads((stack.root / "monitor/grafana/coinlake.json").read_text(encoding="utf-8"))
    asked = {name for panel in dashboard["panels"] for one in panel["targets"] for name in words(one["expr"])}
    assert len(asked) > 15
    wait_until(lambda: asked - ONCE_SOMETHING_FAILED <= names(stack), 60, "every stream has had a batch")


def words(expression: str) -> list[str]:
    return re.findall(r"\bcoinlake_\w+", expression)
