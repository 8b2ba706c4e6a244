"""The set-up in containers, up to the proof: a stand-in for the Docker client plays the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import PreflightError, ServiceError
from pipeline.host import machine
from pipeline.host.containers import images, setup
from pipeline.host.containers.compose import Compose
from pipeline.host.options import HistoryFile, SetupOptions
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker


@pytest.fixture
def engine(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """An engine with the images, on a roomy machine."""
    monkeypatch.setattr(images, "source_id", lambda: "abc")
    monkeypatch.setattr(machine, "available_memory", lambda: 20 * machine.GIB)
    monkeypatch.setattr(setup, "LOOK_AGAIN_S", 0.01)
    docker.answer("config --images", ["coinlake/kafka"])
    docker.answer("image inspect", ["abc"])
    docker.answer("ps --all", [listed("kafka"), listed("topics", state="exited", health="")])
    return docker


def listed(name: str, state: str = "running", health: str = "healthy") -> dict[str, object]:
    return {"Service": name, "ID": "0123456789ab", "State": state, "Health": health, "ExitCode": 0}


def test_it_goes_through_all_stages(ours: Settings, engine: FakeDocker, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.run(ours, SetupOptions(market="simulator")) == 0
    said = capsys.readouterr().out
    assert "s  images are there\n" in said
    assert "s  2 containers do their work\n" in said
    assert Compose(ours.home).values["COINLAKE_MARKET"] == "simulator"
    assert "pipeline.verbs.prove --elapsed" in engine.asked[-1]
    assert any("up --detach --wait" in asked for asked in engine.asked)


def test_a_live_market_that_does_not_answer_leaves_a_running_lake_as_it_is(ours: Settings, engine: FakeDocker) -> None:
    engine.answer("pipeline.verbs.market_check", "coingecko: no route", exit_code=1)
    assert setup.run(ours, SetupOptions(market="simulator")) == 0
    asked = len(engine.asked)
    with pytest.raises(ServiceError, match=r"^coingecko: no route$"):
        setup.run(ours, SetupOptions(market="live"))
    assert Compose(ours.home).values["COINLAKE_MARKET"] == "simulator"
    assert not any("up --detach" in line for line in engine.asked[asked:])
    engine.answer("pipeline.verbs.market_check", "")
    assert setup.run(ours, SetupOptions(market="live")) == 0
    assert Compose(ours.home).values["COINLAKE_MARKET"] == "live"


def test_what_runs_already_is_not_asked_for_room(
    ours: Settings, engine: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup.run(ours, SetupOptions()) == 0
    monkeypatch.setattr(machine, "available_memory", lambda: 0)
    assert setup.run(ours, SetupOptions()) == 0
    engine.answer("ps --all", [listed("kafka", state="exited")])
    with pytest.raises(PreflightError, match="memory are free"):
        setup.run(ours, SetupOptions())


def test_a_history_goes_in_by_standard_input(ours: Settings, engine: FakeDocker, tmp_path: Path) -> None:
    file = tmp_path / "btc.csv"
    file.write_text("x")
    assert setup.run(ours, SetupOptions(history=HistoryFile(file, "bitcoin"))) == 0
    assert engine.asked[-1].endswith("--history-name btc.csv --history-coin bitcoin")
    with pytest.raises(PreflightError, match="not in COINS"):
        setup.run(ours, SetupOptions(history=HistoryFile(file, "monero")))


def test_a_failed_proof_fails_the_set_up(ours: Settings, engine: FakeDocker) -> None:
    engine.answer("verbs.prove", "no price came from the market", exit_code=1)
    assert setup.run(ours, SetupOptions()) == 1


def test_what_does_not_come_up_is_named_with_its_log(ours: Settings, engine: FakeDocker) -> None:
    engine.answer("up --detach", "container kafka is unhealthy", exit_code=1)
    engine.answer("ps --all", [listed("kafka", health="unhealthy"), listed("presto")])
    engine.answer("logs --no-log-prefix", "Address already in use")
    with pytest.raises(ServiceError) as failure:
        setup.run(ours, SetupOptions())
    told = str(failure.value)
    assert told.startswith("not ready: kafka (container kafka is unhealthy)")
    assert "    Address already in use" in told
    assert "Next: " in told


def test_a_running_profile_is_not_changed(ours: Settings, engine: FakeDocker) -> None:
    assert setup.run(ours, SetupOptions(profile="single")) == 0
    with pytest.raises(PreflightError, match="runs with --profile single: stop it first"):
        setup.run(ours, SetupOptions(profile="cluster"))


def test_choices_are_the_options_else_the_former_else_the_settings(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("COINS=bitcoin\nCOINLAKE_API_TOKEN=s3cret\n")
    ours = load_settings({"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": "21000", "COINLAKE_MARKET": "live"})
    first = setup.chosen_values(ours, SetupOptions(notebook=False, small=True), {})
    assert first["COINLAKE_MARKET"] == "live"
    assert (first["COINLAKE_NOTEBOOKS"], first["COINLAKE_SMALL"], first["COINS"]) == ("0", "true", "bitcoin")
    assert "s3cret" not in first.values()
    assert setup.chosen_values(ours, SetupOptions(), first) == first
    later = setup.chosen_values(ours, SetupOptions(market="simulator", notebook=True, small=False), first)
    assert (later["COINLAKE_MARKET"], later["COINLAKE_NOTEBOOKS"], later["COINLAKE_SMALL"]) == (
        "simulator",
        "1",
        "false",
    )


def test_serving_adds_its_profiles_and_is_kept(ours: Settings) -> None:
    def chosen(before: dict[str, str], **asked: bool) -> dict[str, str]:
        return setup.chosen_values(ours, SetupOptions(**asked), before)

    never = chosen({})
    assert (never["COMPOSE_PROFILES"], never["COINLAKE_SERVING"]) == ("single", "false")
    both = chosen(never, serving=True)
    assert (both["COMPOSE_PROFILES"], both["COINLAKE_SERVING"]) == ("single,serving,superset", "true")
    assert chosen(both) == both
    servers = chosen(both, superset=False)
    assert servers["COMPOSE_PROFILES"] == "single,serving"
    assert chosen(chosen(servers, serving=False), serving=True) == servers


def test_what_is_no_longer_wanted_is_removed_and_nothing_else(ours: Settings, engine: FakeDocker) -> None:
    engine.answer("ps --all", [listed("kafka"), listed("serving-postgres"), listed("serving-s3")])
    assert setup.run(ours, SetupOptions(serving=True)) == 0
    assert not [line for line in engine.asked if " rm " in line]
    assert setup.run(ours, SetupOptions()) == 0
    assert not [line for line in engine.asked if " rm " in line]
    assert setup.run(ours, SetupOptions(serving=False)) == 0
    (removal,) = [line for line in engine.asked if " rm " in line]
    assert removal.endswith("rm --stop --force serving-postgres serving-s3")


def test_the_profile_decides_how_large_the_heaps_are(ours: Settings) -> None:
    assert "COINLAKE_SMALL" not in setup.chosen_values(ours, SetupOptions(profile="cluster"), {})
