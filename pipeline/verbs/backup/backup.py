"""Back the running lake up into a folder or a bucket: the body of `lake_backup.sh`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.health.topic_states import topic_states
from pipeline.host.cli import run_verb
from pipeline.ingest.process_lock import only_one
from pipeline.settings import Settings, load_settings
from pipeline.verbs.backup import catalog, home_files
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.hold import Hold
from pipeline.verbs.backup.manifest import Checked, Manifest, name_at
from pipeline.verbs.backup.pinning import PIN_ORDER, PinnedTable, Pinner
from pipeline.verbs.backup.stores import Store, open_store
from pipeline.verbs.backup.transfers import Hashed, Progress, for_each
from pipeline.verbs.console import Advance, Stages

NAME = "lake_backup.sh"
GOES_ON = "interrupted. What was copied stays, and the same command continues from there"
NOTE_S = 10.0  # what a killed backup has copied in its last seconds is copied again
LAG_S = 10.0
SPARE_BYTES = 100_000_000  # that are left on the disk of the backup


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when there is a whole backup."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(load_settings(), options, Stages()), GOES_ON)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("target")
    parser.add_argument("--keep", type=int)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args(arguments)
    if given.keep is not None and given.keep < 1:
        parser.error("--keep wants a number of backups from 1 on")
    return given


def run(settings: Settings, options: argparse.Namespace, stages: Stages) -> int:
    """Back up, or list the backups; return 0.

    Raises:
        CoinlakeError: there is no new backup; what was copied is used by the next.
    """
    store = open_store(options.target, settings)
    if options.list:
        show(store, stages)
        return 0
    with only_one(settings.run_dir, "backup"):
        back_up(settings, store, stages)
        if options.keep is not None and (old := catalog.prune(store, options.keep)):
            stages.say(f"deleted {', '.join(old)}")
    return 0


def show(store: Store, stages: Stages) -> None:
    """Print a line for each backup."""
    for name in catalog.names(store):
        _, manifest = catalog.load(store, name)
        stages.say(f"{name}  {manifest.made_at}  {manifest.rows:,} rows  {manifest.size / 1e6:,.1f} MB")


def back_up(settings: Settings, store: Store, stages: Stages) -> None:
    """Copy what the store lacks, and complete the backup."""
    now = datetime.now(UTC)
    name = name_at(now)
    hdfs, hold = HdfsFiles(settings), Hold(settings)
    copy = Copy(store, catalog.known_files(store), hold)
    try:
        hold.renew()
        tell_lag(settings, stages)
        copy.keep_home(settings, home_files.BEFORE_TABLES)
        tables = pin_all(Pinner(settings, hdfs), hold, stages)
        with stages.stage("files") as outcome, stages.progress("files") as advance:
            copy.check_room(tables)
            copied = copy.tables(hdfs, tables, advance)
            outcome(copied)
        copy.keep_home(settings, home_files.AFTER_TABLES)
        entries = tuple(table.entry for table in tables)
        manifest = Manifest(now.isoformat(timespec="seconds"), entries, copy.home, copy.used)
        catalog.complete(store, name, manifest)
    except BaseException:
        with suppress(CoinlakeError):
            copy.note()
        raise
    finally:
        with suppress(CoinlakeError):
            hold.release()
        hdfs.close()
    stages.say(f"{name} in {store.place}: {manifest.rows:,} rows, {manifest.size / 1e6:,.1f} MB")


def pin_all(pinner: Pinner, hold: Hold, stages: Stages) -> list[PinnedTable]:
    """Pin every table."""
    tables = []
    with stages.stage("tables") as outcome, stages.progress("tables") as advance:
        for number, table in enumerate(PIN_ORDER):
            advance(number, len(PIN_ORDER), table.full_name)
            hold.renew()
            tables.append(pinner.pin(table))
        outcome(f"{len(tables)} tables counted and summed up: {sum(each.entry.rows for each in tables):,} rows")
    return tables


def tell_lag(settings: Settings, stages: Stages) -> None:
    """Print how many of Kafka's records the streams have still to read; nothing where Kafka is away."""
    with suppress(ServiceError):
        states = topic_states(settings, [topic.name for topic in TOPICS], LAG_S)
        if lag := sum(state.lag or 0 for state in states):
            stages.say(f"the streams have {lag:,} records of Kafka to read: they are not in the backup")


class Copy:
    """Copies into the store what it lacks; `used` is what this backup consists of so far."""

    def __init__(self, store: Store, known: dict[str, Checked], hold: Hold) -> None:
        self._store = store
        self._known = known
        self._hold = hold
        self._noted = time.monotonic()
        self.home: dict[str, str] = {}
        self.used: dict[str, Checked] = {}

    def keep_home(self, settings: Settings, patterns: tuple[str, ...]) -> None:
        """Copy files of the home."""
        for place, path, found in home_files.keep(settings, patterns, self._store, self._known):
            self.home[place] = path
            self.used[path] = found

    def check_room(self, tables: Iterable[PinnedTable]) -> None:
        """Return if the store has room for what it lacks.

        Raises:
            BackupError: it has not.
        """
        wanted = sum(size for table in tables for path, size in table.sizes.items() if path not in self._known)
        room = self._store.room()
        if room is not None and room < wanted + SPARE_BYTES:
            raise BackupError(f"{self._store.place} has room for {room / 1e6:,.0f} MB, {wanted / 1e6:,.0f} are to come")

    def tables(self, hdfs: HdfsFiles, tables: Iterable[PinnedTable], advance: Advance) -> str:
        """Copy the tables' files, and return in words what was copied."""
        sources = {path: uri for table in tables for path, uri in table.sources.items()}
        new = [path for path in sources if path not in self._known]
        self.used |= {path: self._known[path] for path in sources if path in self._known}
        sizes = {path: size for table in tables for path, size in table.sizes.items()}
        progress = Progress(sum(sizes.get(path, 0) for path in new), advance)

        def copy_one(path: str) -> None:
            content = Hashed(hdfs.read(sources[path]))
            self._store.write(path, content)
            if content.size != sizes.get(path, content.size):
                raise BackupError(f"{sources[path]}: {content.size} of {sizes[path]} bytes came")
            self.used[path] = Checked(content.size, content.sha256)
            progress.add(content.size)

        for_each(new, copy_one, lambda _path: self._between())
        size = sum(self.used[path].size for path in new)
        return f"{len(new):,} new files copied ({size / 1e6:,.1f} MB), {len(sources) - len(new):,} were there"

    def note(self) -> None:
        """Note what is copied, for a backup that continues."""
        self._noted = time.monotonic()
        catalog.note_unfinished(self._store, {**self._known, **self.used.copy()})

    def _between(self) -> None:
        self._hold.renew()
        if time.monotonic() - self._noted >= NOTE_S:
            self.note()


if __name__ == "__main__":
    sys.exit(main())
