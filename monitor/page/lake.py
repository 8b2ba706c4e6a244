"""What the page asks Presto: in the background as a probe, which leaves a resting lake at rest, and once per visit.

Prices come as Presto's text and stay it; only the points of a chart are numbers.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from monitor.page.records import alert
from pipeline.presto import PROBE_SOURCE, Presto
from pipeline.settings import Settings

SQL_DIR = Path(__file__).with_name("sql")
BACKGROUND_S, PERSON_S = 10.0, 60.0  # how long Presto may take
SIGNIFICANT = 7  # digits of a price in a chart

Answer = dict[str, Any]


def for_background(settings: Settings) -> Presto:
    """Return a Presto whose queries count as a probe's."""
    return Presto(settings.lake.presto_url, PROBE_SOURCE, BACKGROUND_S)


def for_person(settings: Settings) -> Presto:
    """Return a Presto whose queries count as reading."""
    return Presto(settings.lake.presto_url, "coinlake-page", PERSON_S)


def stats(presto: Presto) -> Answer:
    """Return the newest hour's statistics by product; raise what `Presto.rows` raises, as all here do."""
    return {row["product_id"]: row for row in _rows(presto, "stats")}


def newest_alerts(presto: Presto) -> list[Answer]:
    """Return the newest alerts of the table."""
    return [
        alert(row, triggered_ms=row["triggered_ms"], detected_ms=row["detected_ms"]) for row in _rows(presto, "alerts")
    ]


def coverage(presto: Presto) -> Answer:
    """Return the last two days of each product, hour by hour: [hour in s, received, filled, missing]."""
    keyed = groupby(_rows(presto, "coverage"), key=lambda row: (row["product_id"], row["source"]))
    products = [
        {
            "product_id": product,
            "source": source,
            "hours": [[row["hour_s"], row["received"], row["filled"], row["missing"]] for row in rows],
        }
        for (product, source), rows in keyed
    ]
    return {"products": products}


def history(presto: Presto, coin: str) -> Answer:
    """Return a coin's daily closes from its first day on, None for a day without one, and which source gave which."""
    rows = _rows(presto, "history", [coin])
    if not rows:
        return {"coin": coin, "first_day": None, "closes": [], "sources": []}
    days = [date.fromisoformat(row["day"]) for row in rows]
    closes: list[float | None] = [None] * ((days[-1] - days[0]).days + 1)
    for day, row in zip(days, rows, strict=True):
        closes[(day - days[0]).days] = float(f"{row['price_usd']:.{SIGNIFICANT}g}")
    sources = [
        {"source": source, "from": group[0]["day"], "to": group[-1]["day"]}
        for source, group in ((name, list(rows)) for name, rows in groupby(rows, key=lambda row: row["source"]))
    ]
    return {"coin": coin, "first_day": str(days[0]), "closes": closes, "sources": sources}


def _rows(presto: Presto, name: str, params: list[object] | None = None) -> list[Answer]:
    sql = (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
    columns, rows = presto.columns_and_rows(sql, params or [], max_rows=100_000)
    return [dict(zip((column for column, _ in columns), row, strict=True)) for row in rows]
