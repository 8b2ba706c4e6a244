"""The status as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.settings import Settings

UNKNOWN = "-"


def show(status: Mapping[str, Any], settings: Settings, console: Console) -> None:
    """Print services, topics, tables and trades; `status` has the shape of `pipeline_status.sh --json`."""
    markets = f"prices {status['market'] or UNKNOWN}, trades {status['trades_market'] or UNKNOWN}"
    console.print(f"market: {markets}    home: {settings.home}")
    for fault in filter(None, (status["market_fault"], *status["faults"])):
        console.print(fault, style="red" if console.is_terminal else "", markup=False)
    _print(
        console,
        ("service", "up", "pid", "memory MB", "at"),
        [
            (s["name"], "up" if s["up"] else "DOWN", str(s["pid"] or UNKNOWN), s["rss_mb"], s["url"])
            for s in status["services"]
        ],
    )
    resident = sum(service["rss_mb"] or 0 for service in status["services"])
    console.print(f"{resident:,} MB resident in all")
    _print(
        console,
        ("topic", "records", "lag"),
        [(t["name"], t["end_offset"], t["lag"]) for t in status["topics"]],
    )
    _print(
        console,
        ("table", "rows", "newest, s ago", "data files"),
        [(t["name"], t["rows"], t["freshness_s"], t["data_files"]) for t in status["tables"]],
    )
    _print(
        console,
        ("trades of", "source", "trades", "filled by REST", "missing", "open gaps", "lost"),
        [
            (t["product_id"], t["source"], t["trades"], t["filled"], t["missing"], t["open_gaps"], t["lost"])
            for t in status["trades"] or ()
        ],
    )


def _print(console: Console, titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, sample in zip(titles, zip(*rows, strict=True), strict=False):
        table.add_column(title, justify="right" if any(isinstance(value, int | float) for value in sample) else "left")
    for row in rows:
        table.add_row(*map(_text, row), style="red" if "DOWN" in row and console.is_terminal else "")
    console.print()
    console.print(table)


def _text(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int | float) else str(value)
