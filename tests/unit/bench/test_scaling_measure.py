"""What a window is made of: processor time from /proc, sizes from the broker's folder, differences of two counts."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from bench.scaling import contents, processes
from bench.scaling.contents import Contents, commits, gains, topic_bytes
from bench.scaling.measurement import TableGain, TopicGain
from bench.scaling.processes import SparkClock, cpu_seconds, difference, machine_seconds, resident_mb
from bench.scaling.scan import mean_cost
from pipeline.tables.bronze import BRONZE_EVENTS


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_processor_time_and_memory_are_those_of_the_process() -> None:
    before = cpu_seconds(os.getpid())
    burn(0.1)
    assert round(cpu_seconds(os.getpid()) - before, 2) >= 0.09  # counted in hundredths
    assert resident_mb(os.getpid()) > 10


def test_the_machine_is_never_busier_than_it_has_time() -> None:
    busy, whole = machine_seconds()
    assert 0 < busy < whole


def test_differences_are_named_and_rounded() -> None:
    assert difference({"kafka": 12.34567, "spark": 3.0}, {"kafka": 2.0}) == {"kafka": 10.346, "spark": 3.0}


def test_threads_are_told_apart_by_name_and_ended_ones_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    this = psutil.Process()
    java = SimpleNamespace(pid=this.pid, name=lambda: "java", cpu_times=this.cpu_times)
    monkeypatch.setattr(processes, "tree", lambda _pid: [this, java])
    own = Path(f"/proc/{this.pid}/task/{threading.get_native_id()}/comm").read_text(encoding="utf-8").strip()
    monkeypatch.setitem(processes.KINDS, own, processes.TASKS)
    clock, before = SparkClock(this.pid), SparkClock(this.pid).seconds()
    burned, leave = threading.Event(), threading.Event()

    def work() -> None:
        burn(0.2)
        burned.set()
        leave.wait()

    thread = threading.Thread(target=work)
    thread.start()  # it bears this thread's name
    burned.wait()
    clock.look()
    leave.set()
    thread.join()
    spent = difference(clock.seconds(), before)
    assert spent["tasks"] >= 0.18
    assert spent["python"] >= 0.18


def test_a_topics_bytes_are_its_own_segments_alone(tmp_path: Path) -> None:
    for name, size in (
        ("trades-0/0.log", 70),
        ("trades-1/0.log", 30),
        ("trades-1/0.index", 1000),
        ("trades-old-0/0.log", 500),
    ):
        path = tmp_path / "kafka" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    assert topic_bytes(SimpleNamespace(data_dir=tmp_path), "trades") == 100  # type: ignore[arg-type]


def test_commits_are_counted_by_the_newest_metadata_file(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("00009-a.metadata.json", "00010-b.metadata.json", "snap-99999-c.avro", "00999-d.avro")
    answer = {"FileStatuses": {"FileStatus": [{"pathSuffix": name} for name in names]}}
    path = "webhdfs/v1/warehouse/bronze.db/events/metadata?op=LISTSTATUS"
    monkeypatch.setattr(contents, "_get", lambda _settings, asked: {path: answer}[asked])
    assert commits(None, BRONZE_EVENTS) == 10  # type: ignore[arg-type]


def test_gains_are_the_differences_of_two_counts() -> None:
    before = Contents(
        lag=7,
        topics={"trades": TopicGain(100, 1000)},
        tables={"a": TableGain(10, 100, 5, 3)},
        name_node={"BlocksTotal": 50},
        batches={"trades": 5},
    )
    after = Contents(
        lag=2,
        topics={"trades": TopicGain(300, 2500)},
        tables={"a": TableGain(60, 600, 1, 9)},
        name_node={"BlocksTotal": 45},
        batches={"trades": 8, "gaps": 1},
    )
    assert gains(after, before) == {
        "lag": 2,
        "topics": {"trades": TopicGain(200, 1500)},
        "tables": {"a": TableGain(50, 500, -4, 6)},
        "name_node": {"BlocksTotal": -5},
        "batches": {"trades": 3, "gaps": 1},
    }


def test_the_first_round_of_a_query_only_warms_up() -> None:
    spent = iter([100.0, 106.0])
    rounds: list[int] = []
    assert mean_cost(lambda: next(spent), lambda: rounds.append(1)) == 2.0
    assert len(rounds) == 4
