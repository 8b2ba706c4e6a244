"""Backing up: what is copied, what is not copied twice, and what a failure in the middle leaves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.health.topic_states import TopicState
from pipeline.settings import Settings, load_settings
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.silver import COIN_PRICES
from pipeline.verbs.backup import backup, catalog, pinning
from pipeline.verbs.backup.checksums import TableSum
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.manifest import Manifest
from pipeline.verbs.backup.pinning import PIN_ORDER, newest_first
from pipeline.verbs.backup.stores import FolderStore
from pipeline.verbs.console import Stages
from tests.support.backups import OLD, PRICES, SNAPSHOT, FakeHdfs, FakePresto, table_files

PLACE = f"{OLD}/silver.db/coin_prices"
STORED = "files/silver/coin_prices"


class FakeHold:
    """Counts what the backup asks for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def renew(self) -> None:
        self.calls.append("renew")

    def release(self) -> None:
        self.calls.append("release")


class Lake:
    """A lake of one table, and the folder that it is backed up into."""

    def __init__(self, settings: Settings, target: Path) -> None:
        self.settings, self.target = settings, target
        self.hdfs, self.presto, self.hold = FakeHdfs(table_files()), FakePresto(), FakeHold()

    def back_up(self, *words: str) -> None:
        backup.run(self.settings, backup.parse([str(self.target), *words]), Stages())

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.target)

    @property
    def newest(self) -> Manifest:
        return catalog.load(self.store)[1]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    home = tmp_path / "home"
    settings = load_settings({"COINLAKE_HOME": str(home), "HDFS_URI": "hdfs://old:18020"})
    made = Lake(settings, tmp_path / "to")
    monkeypatch.setattr(backup, "HdfsFiles", lambda _settings: made.hdfs)
    monkeypatch.setattr(backup, "Hold", lambda _settings: made.hold)
    monkeypatch.setattr(backup, "PIN_ORDER", (COIN_PRICES,))
    monkeypatch.setattr(backup, "topic_states", lambda *_words: [TopicState("coin_events", 9, 3)])
    monkeypatch.setattr(pinning, "Presto", lambda *_words, **_options: made.presto)
    seconds = iter(range(60))
    monkeypatch.setattr(backup, "name_at", lambda _now: f"backup-20260131T0000{next(seconds):02}Z.json")
    return made


@pytest.fixture
def ledger(lake: Lake) -> Iterator[sqlite3.Connection]:
    """The scheduler's ledger, open and with a row that is only in its write-ahead log."""
    file = lake.settings.data_dir / "scheduler" / "ledger.db"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE days (day TEXT)")
        connection.execute("INSERT INTO days VALUES ('2026-01-31')")
        yield connection


def test_every_table_is_pinned_after_those_that_are_made_from_it() -> None:
    assert sorted(table.full_name for table in PIN_ORDER) == sorted(table.full_name for table in ICEBERG_TABLES)
    order = [table.name for table in PIN_ORDER]
    pairs = [
        ("coverage", "candles_1m"),
        ("candles_1m", "dm_crypto_price_stats"),  # written in the other order: see there
        ("dm_crypto_price_stats", "fact_crypto_trades"),
        ("fact_crypto_trades", "dm_market_alerts"),
        ("coin_returns", "coin_daily"),
        ("coin_daily", "coin_prices"),
        ("bitcoin_gold_data", "candles_1m"),
        ("bitcoin_gold_data", "bitcoin_data"),
        ("coin_prices", "rejected_events"),
        ("rejected_events", "events"),
    ]
    assert [pair for pair in pairs if order.index(pair[0]) > order.index(pair[1])] == []


def test_a_backup_holds_the_tables_newest_snapshot(lake: Lake) -> None:
    lake.back_up()
    (table,) = lake.newest.tables
    assert (table.name, table.snapshot, table.rows, table.checksum) == (PRICES, SNAPSHOT, 4, "c3Vt")
    assert table.location == PLACE
    assert table.data == (f"{STORED}/data/day=a/a.parquet", f"{STORED}/data/day=b/b.parquet")
    expected = {uri.replace(PLACE, STORED): content for uri, content in lake.hdfs.files.items()}
    assert set(lake.newest.files) == set(expected)
    assert {path: b"".join(lake.store.read(path)) for path in expected} == expected
    assert lake.hold.calls[0] == "renew"
    assert lake.hold.calls[-1] == "release"


def test_the_metadata_that_presto_reads_count_and_no_newer_ones(lake: Lake) -> None:
    known = json.loads(lake.hdfs.files[f"{PLACE}/metadata/00007-aaaa.metadata.json"])
    crashed = {**known, "current-snapshot-id": 99, "snapshots": [{"snapshot-id": 99}]}
    lake.hdfs.files[f"{PLACE}/metadata/00010-cccc.metadata.json"] = json.dumps(crashed).encode()
    lake.back_up()
    assert lake.newest.tables[0].metadata == f"{STORED}/metadata/00007-aaaa.metadata.json"
    lake.presto.snapshot = 5
    with pytest.raises(BackupError, match=r"no metadata in .* has the snapshot 5 that Presto reads"):
        lake.back_up()


def test_metadata_files_are_ordered_by_their_numbers() -> None:
    paths = ["m/9-a.metadata.json", "m/00010-b.metadata.json", "m/snap-1.avro"]
    assert list(newest_first(paths)) == ["m/00010-b.metadata.json", "m/9-a.metadata.json"]


def test_a_table_that_was_never_written_is_backed_up(lake: Lake) -> None:
    path = f"{PLACE}/metadata/00000-aaaa.metadata.json"
    known = json.loads(lake.hdfs.files[f"{PLACE}/metadata/00007-aaaa.metadata.json"])
    empty = {**known, "current-snapshot-id": -1, "snapshots": []}
    lake.hdfs.files = {path: json.dumps(empty).encode()}
    lake.presto.snapshot = None
    lake.back_up()
    (table,) = lake.newest.tables
    assert (table.snapshot, table.rows, table.checksum, table.data) == (None, 0, None, ())


def test_rows_that_presto_does_not_count_stop_the_backup(lake: Lake) -> None:
    lake.presto.total = TableSum(3, "c3Vt")
    with pytest.raises(BackupError, match="Presto counts 3 rows, its files have 4"):
        lake.back_up()
    assert catalog.names(lake.store) == []


def test_what_only_kafka_holds_is_told(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.back_up()
    assert "the streams have 3 records of Kafka to read" in capsys.readouterr().out


def test_a_second_backup_copies_only_what_is_new(lake: Lake) -> None:
    lake.back_up()
    lake.hdfs.reads.clear()
    lake.back_up()
    assert len(catalog.names(lake.store)) == 2
    assert [uri for uri in lake.hdfs.reads if uri.endswith(".parquet")] == []
    first, second = (catalog.load(lake.store, name)[1] for name in catalog.names(lake.store))
    assert first.files == second.files


def test_a_file_of_another_size_is_copied_again(lake: Lake) -> None:
    lake.back_up()
    damaged = lake.target / STORED / "data/day=a/a.parquet"
    damaged.write_bytes(b"cut")
    lake.back_up()
    assert damaged.read_bytes() == b"rows of a"


def test_a_failure_in_the_middle_leaves_no_backup_and_the_next_continues(lake: Lake) -> None:
    lost = f"{PLACE}/data/day=b/b.parquet"
    content = lake.hdfs.files.pop(lost)
    with pytest.raises(ServiceError, match="404"):
        lake.back_up()
    assert catalog.names(lake.store) == []
    assert lake.hold.calls[-1] == "release"
    lake.hdfs.files[lost] = content
    there = {path for path in lake.store.sizes(f"{STORED}/data") if path.endswith("a.parquet")}
    lake.hdfs.reads.clear()
    lake.back_up()
    assert len(lake.newest.files) == 5
    assert catalog.UNFINISHED not in lake.store.sizes()
    copied_again = {uri for uri in lake.hdfs.reads if uri.endswith("a.parquet")}
    assert bool(there) != bool(copied_again)  # whichever of the two files came first


def test_a_note_that_was_cut_is_no_obstacle(lake: Lake) -> None:
    lake.store.write(catalog.UNFINISHED, [b'{"files/sil'])
    lake.back_up()
    assert len(lake.newest.files) == 5


def test_a_file_that_comes_short_stops_the_backup(lake: Lake) -> None:
    lake.hdfs.files[f"{PLACE}/data/day=a/a.parquet"] = b"short"
    with pytest.raises(BackupError, match="5 of 9 bytes came"):
        lake.back_up()


def test_a_disk_without_room_is_named_before_anything_is_copied(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FolderStore, "room", lambda _self: backup.SPARE_BYTES + 17)
    with pytest.raises(BackupError, match="has room for 100 MB"):
        lake.back_up()
    assert lake.store.sizes("files") == {}


def test_the_ledgers_are_kept_as_of_one_transaction(lake: Lake, ledger: sqlite3.Connection, tmp_path: Path) -> None:
    ledger.execute("BEGIN")
    ledger.execute("INSERT INTO days VALUES ('not committed')")
    lake.back_up()
    path = lake.newest.home["data/scheduler/ledger.db"]
    (tmp_path / "copy.db").write_bytes(b"".join(lake.store.read(path)))
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT day FROM days").fetchall() == [("2026-01-31",)]


def test_spools_and_choices_are_kept_and_secrets_are_not(lake: Lake) -> None:
    home = lake.settings.home
    places = ["data/scheduler/markets.json", "data/trades/spool/1.spool", "data/simulator/exchange.json"]
    others = [".env", "data/replay/x.json", "data/trades/spool/note.txt", "data/kafka/meta.properties"]
    for place in (*places, *others):
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_text(place, encoding="utf-8")
    lake.back_up()
    kept = {place: b"".join(lake.store.read(path)).decode() for place, path in lake.newest.home.items()}
    assert kept == {place: place for place in places}


def test_a_file_of_the_home_that_has_not_changed_is_copied_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    place = lake.settings.data_dir / "scheduler" / "imports" / "prices.csv"
    place.parent.mkdir(parents=True)
    place.write_text("an import of 1 GB", encoding="utf-8")
    lake.back_up()
    written: list[str] = []
    write = FolderStore.write

    def note(store: FolderStore, path: str, content: Iterable[bytes]) -> None:
        written.append(path)
        write(store, path, content)

    monkeypatch.setattr(FolderStore, "write", note)
    lake.back_up()
    assert [path for path in written if path.startswith("home/")] == []
    assert list(lake.newest.home) == ["data/scheduler/imports/prices.csv"]


def test_old_backups_go_with_the_files_that_only_they_need(lake: Lake) -> None:
    lake.back_up()
    lake.target.joinpath("mine.txt").write_text("not the lake's", encoding="utf-8")
    lake.store.write("files/left/by/a/cut/backup.parquet", [b"x"])
    lake.back_up("--keep", "1")
    assert catalog.names(lake.store) == ["backup-20260131T000001Z.json"]
    assert "mine.txt" in lake.store.sizes()
    assert set(lake.store.sizes("files")) == set(lake.newest.files)


def test_keeping_needs_a_number_from_one_on() -> None:
    with pytest.raises(SystemExit, match="2"):
        backup.parse(["to", "--keep", "0"])


def test_backups_are_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.back_up()
    capsys.readouterr()
    lake.back_up("--list")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("backup-20260131T000000Z.json")
    assert "  4 rows  " in line
