"""The whole producer on an exchange, a REST side and a Kafka of the test's own."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.ingest.process_lock import only_one
from pipeline.ingest.trades import __main__ as main_module
from pipeline.ingest.trades import replay as replay_module
from pipeline.ingest.trades import service as service_module
from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.ingest.trades.recording import Recorder, read_recording
from pipeline.run_files import Choice
from tests.support.trade_lake import match


def test_a_dropped_trade_is_fetched_and_proven(lake):
    async def play(socket):
        for number in (5, 6, 9, 10):
            await socket.send(match(number))

    async def run():
        async with lake.running(play):
            await lake.until(lambda: [state for *_, state in lake.gaps().values()] == ["filled"])
            await lake.until(lambda: lake.beat()["connected"] == 1)

    asyncio.run(run())
    assert lake.ids() == [5, 6, 7, 8, 9, 10]
    assert lake.gaps() == {"coinbase:BTC-USD:7": (7, 8, "filled")}
    beat = lake.beat()
    assert (beat["frames"], beat["trades"], beat["open_gaps"], beat["connected"]) == (4, 4, 0, 0)
    assert "coinlake_trades_spool_full 0.0" in (lake.folder / "run" / "trades.prom").read_text()


def test_a_restart_asks_for_what_came_meanwhile(lake):
    sent = [5, 6]

    async def play(socket):
        for number in sent:
            await socket.send(match(number))

    async def run():
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [5, 6])
        sent[:] = [10]
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [5, 6, 7, 8, 9, 10])

    asyncio.run(run())
    (gap,) = lake.gaps().values()
    assert gap[:2] == (7, 9)


def test_what_kafka_never_had_is_there_after_the_next_start(lake, monkeypatch):
    monkeypatch.setattr(service_module, "STOP_S", 0.05)
    sent = [5, 6, 7]

    async def play(socket):
        for number in sent:
            await socket.send(match(number))

    async def run():
        lake.kafka.up = False
        async with lake.running(play):
            await lake.until(lambda: lake.beat()["frames"] == 3)
        assert lake.ids() == []
        lake.kafka.up = True
        sent[:] = [8]
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [5, 6, 7, 8])

    asyncio.run(run())
    assert lake.gaps() == {}


def test_without_a_rest_address_gaps_stay_open(lake):
    async def play(socket):
        for number in (5, 6, 9):
            await socket.send(match(number))

    async def run():
        async with lake.running(play):
            await lake.until(lambda: lake.gaps() == {"coinbase:BTC-USD:7": (7, 8, "open")})

    lake.rest_url = ""
    asyncio.run(run())
    assert lake.ids() == [5, 6, 9]


@pytest.fixture
def disk(monkeypatch):
    """A disk that takes nothing more while `disk["full"]` is true, for every way in which the service writes."""
    state = {"full": False}

    def guard(owner, name, kind, *details):
        real = getattr(owner, name)

        def guarded(*values, **named):
            if state["full"]:
                raise kind(*details)
            return real(*values, **named)

        monkeypatch.setattr(owner, name, guarded)

    for owner, name in ((os, "write"), (os, "fsync"), (Path, "write_bytes")):
        guard(owner, name, OSError, errno.ENOSPC, os.strerror(errno.ENOSPC))
    guard(GapStore, "save", sqlite3.OperationalError, "database or disk is full")
    return state


def test_a_full_disk_stops_nothing_and_loses_nothing(lake, disk, monkeypatch, caplog):
    monkeypatch.setattr("pipeline.ingest.trades.sink.SLOW_S", 0.05)
    filled = asyncio.Event()

    async def play(socket):
        for number in (5, 6, 7):
            await socket.send(match(number))
        await filled.wait()
        for number in (8, 9):
            await socket.send(match(number))

    async def run():
        async with lake.running(play) as task:
            await lake.until(lambda: lake.beat()["frames"] == 3 and lake.ids() == [5, 6, 7])
            disk["full"], lake.kafka.up = True, False
            before = lake.beat()["time"]
            filled.set()
            await asyncio.wait([task], timeout=0.5)
            assert not task.done()
            assert lake.beat()["time"] == before
            disk["full"] = False
            await lake.until(lambda: lake.beat()["time"] > before)
            lake.kafka.up = True
            await lake.until(lambda: lake.ids() == [5, 6, 7, 8, 9])

    asyncio.run(run())
    assert lake.gaps() == {}
    assert caplog.text.count("heartbeat cannot be written") == 1
    assert caplog.text.count("heartbeat is written again") == 1


def test_another_market_ends_the_service(lake, monkeypatch):
    async def play(_socket):
        pass

    async def run():
        async with lake.running(play) as task:
            await lake.until(lambda: lake.beat()["connected"])
            monkeypatch.setattr(service_module, "trades_choice", lambda _: Choice("simulator", "auto", "a test"))
            await lake.until(task.done)

    with pytest.raises(ServiceError, match="changed from live to simulator"):
        asyncio.run(run())


def test_a_replay_goes_the_same_way(lake):
    path = lake.folder / "session.jsonl.gz"
    recorder = Recorder(path, "coinbase")
    for number in (1, 2, 4):
        recorder.write(match(number).encode(), number * 1000)
    recorder.close()
    frames = list(read_recording(path))
    figures = replay_module.replay(lake.settings(), frames)
    assert lake.ids() == [1, 2, 4]
    assert lake.kafka.log[2].headers == [
        ("source", b"coinbase"),
        ("channel", b"matches"),
        ("received_us", b"4000"),
    ]
    assert lake.gaps() == {}
    told = figures["coinbase"]
    assert isinstance(told, dict)
    assert (told["trades"], told["gaps_opened"]) == (3, 1)


def test_a_second_producer_is_refused(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    with only_one(tmp_path / "run", "trades"):
        assert main_module.main([]) == 78
    assert "trades runs already" in caplog.text


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_an_impossible_speed(speed, capsys):
    with pytest.raises(SystemExit):
        main_module.main(["--replay", "x", "--speed", speed])
    assert "--speed" in capsys.readouterr().err
