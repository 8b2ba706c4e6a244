"""What the lake keeps in its home beside HDFS: the ledgers, spools, uploads, and the choice of the markets.

Two times of copying. The scheduler's files and the spools come before the tables: what leaves them afterwards may not
be in a table yet. The ledger of gaps and the simulated exchange come after them: each gap in `ops.gaps`, and each
simulated trade, is known to them.

Not kept: what belongs to the Kafka that is left behind (positions of replays, checkpoints), and secrets.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from pipeline.settings import Settings
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.manifest import Checked
from pipeline.verbs.backup.stores import Store

BEFORE_TABLES = (
    "scheduler/ledger.db",
    "scheduler/markets.json",
    "scheduler/imports/*.csv",
    "scheduler/spool/*.spool",
    "trades/spool/*.spool",
)
AFTER_TABLES = ("trades/gaps.db", "simulator/exchange.json")
DATABASE = ".db"


def keep(
    settings: Settings, patterns: tuple[str, ...], store: Store, known: Collection[str]
) -> Iterator[tuple[str, str, Checked]]:
    """Copy the files of these names into the store, named by their content; yield path in the home, in the store, sum.

    What is known is in the store, and not copied again. A file that its service deletes meanwhile is left out: what it
    held is in Kafka.
    """
    for pattern in patterns:
        for file in sorted(settings.data_dir.glob(pattern)):
            try:
                content = _content(file)
            except FileNotFoundError:
                continue
            found = Checked(len(content), hashlib.sha256(content).hexdigest())
            path = f"home/{found.sha256}"
            if path not in known:
                store.write(path, [content])
            yield file.relative_to(settings.home).as_posix(), path, found


def put_back(settings: Settings, path: str, content: bytes) -> None:
    """Make a file of the home, as a whole.

    Raises:
        BackupError: the path leads elsewhere.
    """
    target = (settings.home / path).resolve()
    if not target.is_relative_to(settings.data_dir.resolve()):
        raise BackupError(f"the manifest names {path}, which is not among the lake's data")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.restored")
    part.write_bytes(content)
    part.replace(target)


def _content(file: Path) -> bytes:
    return _database(file) if file.suffix == DATABASE else file.read_bytes()


def _database(file: Path) -> bytes:
    """Return a database that its service is writing to, as of one transaction."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, file.name)
        uri = f"{file.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy.read_bytes()
