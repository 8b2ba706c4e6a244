"""What two small files and one system call tell: gaps that stay open, and the room on the disk."""

from __future__ import annotations

import shutil

from monitor.notifier.alarms.look import Look
from pipeline.host.machine import low_disk
from pipeline.run_files import Beat
from pipeline.settings import Settings

DISK, GAPS = "machine.disk", "trades.gaps"


def look(settings: Settings) -> Look:
    """Look at both."""
    return _disk(settings) | _gaps(settings)


def _disk(settings: Settings) -> Look:
    free = shutil.disk_usage(settings.home).free
    if free >= settings.notifications.alarms.disk_bytes:
        return Look()
    return Look({DISK: low_disk(settings.home, free)})


def _gaps(settings: Settings) -> Look:
    """Look at the trade producer's own figures: it alone knows how long a gap has been open."""
    beat = Beat.fresh(settings.run_dir, "trades")
    if beat is None:
        return Look(unknown=frozenset({GAPS}))
    age_s, bound_s = int(beat.figures.get("oldest_gap_s", 0)), settings.notifications.alarms.gap_s
    if age_s < bound_s:
        return Look()
    told = f"{beat.figures['missing_trades']} trades are missing, the oldest gap is open for {age_s // 60} minutes"
    return Look({GAPS: told})
