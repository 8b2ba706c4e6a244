"""The dashboard for Grafana as it is written; tests/integration/test_metrics.py holds it against a running lake."""

from __future__ import annotations

import json

import pytest

from pipeline.settings import CHECKOUT

DASHBOARD = json.loads((CHECKOUT / "monitor/grafana/coinlake.json").read_text(encoding="utf-8"))
WIDTH = 24


def test_it_can_be_imported_beside_any_prometheus():
    assert {"title", "uid", "schemaVersion", "panels", "time", "templating"} <= set(DASHBOARD)
    assert "id" not in DASHBOARD, "Grafana gives it"
    (source,) = DASHBOARD["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {f"${{{source['name']}}}"}


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [cell for panel in panels for cell in cells(**panel["gridPos"])]
    assert len(taken) == len(set(taken))


def cells(x: int, y: int, w: int, h: int) -> list[tuple[int, int]]:
    assert x + w <= WIDTH
    return [(column, row) for column in range(x, x + w) for row in range(y, y + h)]


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_every_panel_asks_for_something_of_ours(panel):
    assert panel["targets"]
    assert all("coinlake_" in target["expr"] and target["legendFormat"] for target in panel["targets"])
