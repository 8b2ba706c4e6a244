"""How long backup, incremental backup and restore of a lake take: `python -m bench.backup`.

It makes a lake of its own in a temporary home, replays so many simulated minute candles that its tables have five
million rows together, backs it up twice into a folder, and restores that into another home on other ports. The times
are those of the whole commands: `restore_s` is from an empty home, so with jars, secrets and the start of the engines,
to the comparison of each table with the backup by count and checksum. The user's own lake is not touched.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measure import report, timed_script
from bench.results_folder import machine, new_file, save
from pipeline.presto import Presto
from pipeline.settings import load_settings
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.silver import BITCOIN_DATA
from pipeline.verbs.backup import catalog
from pipeline.verbs.backup.manifest import Manifest
from pipeline.verbs.backup.stores import FolderStore

SCRIPTS = "pipeline/scripts"
TABLES_OF_A_CANDLE = 3  # bronze.events, silver.bitcoin_data and gold.bitcoin_gold_data have a row for each
ALL_THERE_S = 900.0
LOOK_S = 5.0


def fill(environ: Mapping[str, str], rows: int) -> None:
    """Bring a lake up and replay candles until its tables have so many rows."""
    timed_script(f"{SCRIPTS}/pipeline_setup.sh", "--native", "--market", "simulator", "--no-notebook", environ=environ)
    minutes = -(-rows // TABLES_OF_A_CANDLE)
    end = datetime(2026, 1, 1, tzinfo=UTC)
    span = ("--from", f"{end - timedelta(minutes=minutes):%Y-%m-%dT%H:%M}", "--to", f"{end:%Y-%m-%dT%H:%M}")
    timed_script(f"{SCRIPTS}/replay_candles.sh", "--max", *span, environ=environ)
    presto = Presto(load_settings({**environ}).lake.presto_url, source="coinlake-bench")
    count = f"SELECT count(*) FROM {BITCOIN_DATA.full_name}"
    deadline = time.monotonic() + ALL_THERE_S
    while presto.rows(count)[0][0] < minutes:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{minutes} candles are not in {BITCOIN_DATA.full_name} after {ALL_THERE_S:g} s")
        time.sleep(LOOK_S)
    timed_script(f"{SCRIPTS}/build_gold.sh", environ=environ)


def measure(folder: Path, port_base: int, rows: int) -> dict[str, object]:
    """Back up and restore; nothing runs any more at the end."""
    python = {"COINLAKE_PYTHON": sys.executable}  # no venv is made in the homes
    lake, other = (
        {**python, "COINLAKE_HOME": str(folder / name), "COINLAKE_PORT_BASE": str(port)}
        for name, port in (("lake", port_base), ("other", port_base + 100))
    )
    target = folder / "backups"
    try:
        fill(lake, rows)
        backup_s = timed_script(f"{SCRIPTS}/lake_backup.sh", str(target), environ=lake)
        again_s = timed_script(f"{SCRIPTS}/lake_backup.sh", str(target), environ=lake)
        timed_script(f"{SCRIPTS}/pipeline_down.sh", "--purge", "--yes", environ=lake)
        restore_s = timed_script(f"{SCRIPTS}/lake_restore.sh", str(target), environ=other)
    finally:
        for environ in (lake, other):
            timed_script(f"{SCRIPTS}/pipeline_down.sh", "--purge", "--yes", environ=environ)
    manifest = catalog.load(FolderStore(target))[1]
    return {**sizes(manifest), "backup_s": backup_s, "incremental_s": again_s, "restore_s": restore_s}


def sizes(manifest: Manifest) -> dict[str, object]:
    """Return what the backup holds."""
    largest = sorted(manifest.tables, key=lambda table: table.rows, reverse=True)[:TABLES_OF_A_CANDLE]
    return {
        "rows": manifest.rows,
        "bytes": manifest.size,
        "files": len(manifest.files),
        "tables": len(ICEBERG_TABLES),
        "largest": {table.name: table.rows for table in largest},
    }


def main() -> None:
    """Measure, print the figures and keep them in `bench/results/`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--port-base", type=int, default=19_000)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="coinlake-bench-"))
    try:
        found = {**measure(folder, given.port_base, given.rows), "machine": machine()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    save(new_file("backup"), found)
    report(**found)


if __name__ == "__main__":
    main()
