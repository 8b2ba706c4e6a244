"""In containers or natively: what is asked for, else what the home is, else what the machine offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import PreflightError
from pipeline.host import machine, processes
from pipeline.host.containers import engine, runtime_choice
from pipeline.host.containers.compose import Compose, write_values
from pipeline.host.options import SetupOptions
from pipeline.settings import Settings

GIB = machine.GIB


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with an engine and room for it."""
    monkeypatch.setattr(engine, "engine_fault", lambda: None)
    monkeypatch.setattr(machine, "available_memory", lambda: 8 * GIB)


def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "engine_fault", lambda: "no Docker engine answers")


def set_up_in_containers(ours: Settings, monkeypatch: pytest.MonkeyPatch, *, up: bool) -> None:
    write_values(Compose(ours.home).env_file, {"COINLAKE_PORTS": "210"})
    monkeypatch.setattr(Compose, "is_up", lambda _self: up)


def test_a_new_home_goes_where_there_is_room(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime_choice.choose(ours, SetupOptions()) == "docker"
    monkeypatch.setattr(machine, "available_memory", lambda: 5 * GIB)
    assert runtime_choice.choose(ours, SetupOptions()) == "native"
    monkeypatch.setattr(machine, "available_memory", lambda: 8 * GIB)
    no_engine(monkeypatch)
    assert runtime_choice.choose(ours, SetupOptions()) == "native"


@pytest.mark.parametrize("data", ["kafka", "namenode"])  # a restored lake has no Kafka yet
def test_a_home_stays_what_it_was_set_up_as(ours: Settings, monkeypatch: pytest.MonkeyPatch, data: str) -> None:
    (ours.data_dir / data).mkdir(parents=True)
    assert runtime_choice.choose(ours, SetupOptions()) == "native"
    set_up_in_containers(ours, monkeypatch, up=False)
    assert runtime_choice.choose(ours, SetupOptions()) == "docker"


def test_what_is_asked_for_wins(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime_choice.choose(ours, SetupOptions(way="native")) == "native"
    set_up_in_containers(ours, monkeypatch, up=False)
    assert runtime_choice.choose(ours, SetupOptions(way="native")) == "native"


def test_docker_without_an_engine_says_why(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engine(monkeypatch)
    with pytest.raises(PreflightError) as refused:
        runtime_choice.choose(ours, SetupOptions(way="docker"))
    assert refused.value.faults == ["no Docker engine answers"]


def test_a_running_lake_does_not_change_its_way(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_in_containers(ours, monkeypatch, up=True)
    with pytest.raises(PreflightError) as refused:
        runtime_choice.choose(ours, SetupOptions(way="native"))
    assert "runs in containers: stop it first" in refused.value.faults[0]
    monkeypatch.setattr(processes, "supervisord_pid", lambda _home: 42)
    with pytest.raises(PreflightError) as refused:
        runtime_choice.choose(ours, SetupOptions(way="docker"))
    assert "runs natively: stop it first" in refused.value.faults[0]


def test_a_history_of_a_coin_that_is_not_configured_is_a_wrong_argument(
    ours: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runtime_choice, "load_settings", lambda: ours)
    file = tmp_path / "prices.csv"
    file.write_text("x")
    assert runtime_choice.main(["--history", str(file), "--history-coin", "lunacoin"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("pipeline_setup.sh: error: --history is about lunacoin, which is not in COINS=")
    assert runtime_choice.main(["--history", str(file), "--history-coin", "btc"]) == 0
