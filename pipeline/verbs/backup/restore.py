"""Restore a backup into an empty lake: the body of `lake_restore.sh`.

Only what keeps and lists the tables is started, and stopped again at the end: the first start of the whole lake is the
set-up's. Each step is skipped where its work is done, so that a restore that was cut continues.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence

from pipeline.engines import secrets, supervisor
from pipeline.engines.jars.fetch import fetch
from pipeline.engines.local_services import services_here
from pipeline.host.cli import run_verb
from pipeline.host.machine import existing_parent
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.spark.session import create_session
from pipeline.verbs import bring_up, down
from pipeline.verbs.backup import catalog, home_files, marker
from pipeline.verbs.backup.checksums import TableSum, table_sum
from pipeline.verbs.backup.errors import BackupError, NotEmptyError
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.manifest import Manifest
from pipeline.verbs.backup.stores import open_store
from pipeline.verbs.backup.table_restore import CheckedStore, TableRestore
from pipeline.verbs.backup.transfers import Progress, for_each
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices

NAME = "lake_restore.sh"
GOES_ON = "interrupted; the same command continues from there"
NEEDED = ("namenode", "datanode", "metastore", "presto")
SPARE_BYTES = 1_000_000_000  # that are left on the disk of the lake


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when every table is as it was backed up."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(load_settings(), options, Stages()), GOES_ON)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("source")
    parser.add_argument("--backup", metavar="NAME")
    return parser.parse_args(arguments)


def run(settings: Settings, options: argparse.Namespace, stages: Stages) -> int:
    """Restore; return 0.

    Raises:
        CoinlakeError: the lake is not whole, and does not start until the same command has ended well.
    """
    store = open_store(options.source, settings)
    begun = marker.under_way(settings)
    if begun and begun != marker.Restoring(options.backup or begun.backup, store.place):
        marker.require_none(settings)
    name, manifest = catalog.load(store, begun.backup if begun else options.backup)
    if not begun:
        require_empty(settings)
        require_room(settings, manifest)
    stages.say(f"{name} of {manifest.made_at}: {manifest.rows:,} rows, {manifest.size / 1e6:,.1f} MB")
    try:
        prepare(settings, marker.Restoring(name, store.place), stages)
        checked = CheckedStore(store, manifest.files)
        restore_tables(settings, checked, manifest, stages)
    finally:
        down.stop(settings, stages)
    for place, path in manifest.home.items():
        home_files.put_back(settings, place, checked.content(path))
    marker.end(settings)
    stages.say("restored. Next: pipeline/scripts/pipeline_setup.sh starts the lake, with an empty Kafka")
    return 0


def require_empty(settings: Settings) -> None:
    """Return if nothing is in this home's lake.

    Raises:
        NotEmptyError: it runs, or has data.
    """
    if supervisor.client(settings).answers():
        raise NotEmptyError(f"the lake in {settings.home} runs")
    if settings.data_dir.is_dir() and any(settings.data_dir.iterdir()):
        raise NotEmptyError(f"{settings.data_dir} holds a lake")
    if "datanode" not in services_here(settings) and HdfsFiles(settings).sizes(settings.lake.warehouse):
        raise NotEmptyError(f"{settings.lake.warehouse} holds files")


def require_room(settings: Settings, manifest: Manifest) -> None:
    """Return if the backup fits on this machine's disk.

    Raises:
        BackupError: it does not.
    """
    if "datanode" not in services_here(settings):
        return
    free = shutil.disk_usage(existing_parent(settings.home)).free
    if free < manifest.size + SPARE_BYTES:
        raise BackupError(
            f"{free / 1e6:,.0f} MB of disk are free in {settings.home}, the backup needs "
            f"{(manifest.size + SPARE_BYTES) / 1e6:,.0f}: make room or set COINLAKE_HOME to another disk"
        )


def prepare(settings: Settings, restoring: marker.Restoring, stages: Stages) -> None:
    """Bring jars and secrets, note that the restore has begun, and start what keeps and lists the tables."""
    secrets.ensure(settings.home / ".env")
    with stages.stage("jars") as outcome:
        outcome("jars brought into the home" if fetch(settings.home / "jars", serving=False) else "jars are there")
    restoring.begin(settings)
    here = tuple(name for name in services_here(settings) if name in NEEDED)
    with stages.stage("services") as outcome:
        outcome(bring_up.start(Choices(settings, here)))
    for name in here:
        with stages.stage(name) as outcome:
            bring_up.wait_ready(settings, name)
            outcome(f"{name} is ready")


def restore_tables(settings: Settings, store: CheckedStore, manifest: Manifest, stages: Stages) -> None:
    """Bring all tables into HDFS and the metastore, and compare their rows with the manifest."""
    hdfs = HdfsFiles(settings)
    try:
        with stages.stage("manifests") as outcome:
            lake = settings.lake
            tables = [
                TableRestore(store, hdfs, table, lake.table_location(*table.name.split(".")[1:]))
                for table in manifest.tables
            ]
            outcome(f"{len(tables)} tables to restore")
        bring_data(tables, stages)
        register(settings, tables, stages)
    finally:
        hdfs.close()
    compare(settings, tables, stages)


def bring_data(tables: Sequence[TableRestore], stages: Stages) -> None:
    """Copy the data files that HDFS lacks."""
    with stages.stage("files") as outcome, stages.progress("files") as advance:
        missing = [(table, path) for table in tables for path in table.missing()]
        sizes = {path: table.size(path) for table, path in missing}
        progress, start = Progress(sum(sizes.values()), advance), time.monotonic()
        for_each(missing, lambda one: one[0].bring(one[1]), lambda one: progress.add(sizes[one[1]]))
        rate = sum(sizes.values()) / 1e6 / max(time.monotonic() - start, 0.001)
        outcome(f"{len(missing):,} data files copied, {sum(sizes.values()) / 1e6:,.1f} MB at {rate:,.0f} MB/s")


def register(settings: Settings, tables: Sequence[TableRestore], stages: Stages) -> None:
    """Make the tables known to the metastore, each with all its rows at once; one that is known stays."""
    with stages.stage("registering tables") as outcome:
        spark = create_session(settings, "coinlake-restore")
        spark.sparkContext.setLogLevel("ERROR")
        try:
            for table in tables:
                spark.sql(f"CREATE NAMESPACE IF NOT EXISTS iceberg.{table.schema}")
                if not spark.catalog.tableExists(table.backup.name):
                    spark.sql(
                        f"CALL iceberg.system.register_table(table => '{table.backup.name}', "
                        f"metadata_file => '{table.bring_metadata()}')"
                    )
        finally:
            spark.stop()
        outcome(f"{len(tables)} tables registered")


def compare(settings: Settings, tables: Sequence[TableRestore], stages: Stages) -> None:
    """Return if Presto finds the rows of the backup in each table.

    Raises:
        BackupError: it does not.
    """
    presto = Presto(settings.lake.presto_url, source="lake_restore", request_timeout_s=600.0)
    with stages.stage("comparing rows") as outcome, stages.progress("comparing rows") as advance:
        for number, table in enumerate(tables):
            advance(number, len(tables), table.backup.name)
            found = table_sum(presto, table.backup.name, table.columns)
            expected = TableSum(table.backup.rows, table.backup.checksum)
            if found != expected:
                raise BackupError(f"{table.backup.name} holds {found}, the backup {expected}: delete this lake")
        outcome(f"{len(tables)} tables have the rows and checksums of the backup")


if __name__ == "__main__":
    sys.exit(main())
