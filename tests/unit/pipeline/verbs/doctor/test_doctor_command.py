"""The command: which checks it runs, what it prints, what it hands on."""

from __future__ import annotations

import errno
import json
import tarfile
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.engines.local_services import services_here
from pipeline.settings import load_settings
from pipeline.verbs.doctor import __main__ as doctor
from pipeline.verbs.doctor import bundle
from pipeline.verbs.doctor.checks import Result, State
from tests.support.runner import free_port_base
from tests.unit.pipeline.test_errors import classes

TOKEN, PASSWORD = "token-of-the-api-7f", "key-of-the-bucket-8e"
CHANNEL = "webhooks://example.org/sesame"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COINLAKE_PORT_BASE", str(free_port_base()))
    (tmp_path / ".env").write_text(f"COINLAKE_API_TOKEN={TOKEN}\nCOINS=bitcoin\nCOINLAKE_ALERT_CHANNELS={CHANNEL}\n")
    return tmp_path


def test_ids_are_unique_and_needed_ones_come_first() -> None:
    known: list[str] = []
    for check in doctor.CHECKS:
        assert check.id not in known
        assert set(check.needs) <= set(known), check.id
        known.append(check.id)


def test_the_check_that_an_error_names_exists() -> None:
    named = {c.check for c in classes() if issubclass(c, errors.CoinlakeError) and c.check}
    known = {name for check in doctor.CHECKS for name in (check.id, check.id.partition(".")[0])}
    assert len(named) > 4
    assert named <= known


def test_an_area_stands_for_its_checks_and_brings_what_they_need() -> None:
    ids = [check.id for check in doctor.chosen(["stream"])]
    assert ids == ["services.supervisor", "service.kafka", "service.datanode", "stream.checkpoint", "stream.lag"]


def test_an_unknown_check_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        doctor.parse(["--only", "hdfs,kafkas"])
    assert caught.value.code == 2
    assert "there is no check kafkas; --list shows them" in capsys.readouterr().err


def test_the_list_looks_at_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(doctor.CHECKS)


def test_inside_a_container_only_others_are_asked() -> None:
    ids = {check.id for check in doctor.chosen([], inside=True)}
    assert {"service.kafka", "service.scheduler", "tables.rows"} <= ids
    assert not {"service.spark", "machine.disk", "hdfs.cluster-id", "services.supervisor"} & ids


def test_a_stopped_lake_fails_in_one_line_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--only", "service.kafka"]) == doctor.FAILED
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("FAIL  services.supervisor      the lake is stopped: ")
    assert second.startswith("SKIP  service.kafka            needs services.supervisor")
    assert last == "0 PASS, 0 WARN, 1 FAIL, 1 SKIP"
    assert doctor.main(["--only", "service.kafka", "--json"]) == doctor.FAILED
    results = json.loads(capsys.readouterr().out)
    assert [(result["id"], result["state"]) for result in results] == [
        ("services.supervisor", "FAIL"),
        ("service.kafka", "SKIP"),
    ]


def test_a_part_that_is_left_out_and_an_engine_elsewhere() -> None:
    settings = load_settings({"COINLAKE_HOME": "/nowhere", "KAFKA_BOOTSTRAP_SERVERS": "broker.example:9092"})
    here = services_here(settings)
    checks = {check.id: doctor.adapted(check, settings, here) for check in doctor.CHECKS}
    assert checks["service.superset"].look(settings).state is State.SKIP
    assert checks["service.kafka"].needs == ()  # no supervisor of ours looks after it
    assert checks["service.presto"].needs == ("services.supervisor",)


def test_the_bundle_holds_no_secret(home: Path) -> None:
    channels = {"COINLAKE_ALERT_CHANNELS": f"log,{CHANNEL}"}
    settings = load_settings({"COINLAKE_HOME": str(home), "S3_SECRET_KEY": PASSWORD, **channels})  # the token: a file's
    settings.log_dir.mkdir()
    said = ("url?token=abcdefgh&x=1", "Authorization: Bearer qwertz", CHANNEL, "plain words")
    lines = (f"sent {TOKEN} to {PASSWORD}!", *said)
    (settings.log_dir / "spark.log").write_text("\n".join(lines))
    file = home / "bundle.tar.gz"
    bundle.write_bundle(file, settings, [Result("a", "A", State.FAIL, f"{PASSWORD} refused", 0.1)])
    with tarfile.open(file) as opened:
        held = {entry.name: opened.extractfile(entry).read().decode() for entry in opened}  # type: ignore[union-attr]
    assert set(held) == {
        f"coinlake/{name}" for name in ("doctor.json", "status.json", "versions.txt", "settings.txt", "logs/spark.log")
    }
    everything = "".join(held.values())
    assert [word for word in (TOKEN, PASSWORD, "abcdefgh", "qwertz", "sesame") if word in everything] == []
    assert "plain words" in held["coinlake/logs/spark.log"]
    assert held["coinlake/settings.txt"] == "COINLAKE_API_TOKEN=***\nCOINS=bitcoin\nCOINLAKE_ALERT_CHANNELS=***\n"


def test_a_bundle_has_to_go_somewhere(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        doctor.parse(["--bundle", f"{home}/nowhere/bundle.tar.gz"])
    assert caught.value.code == 2
    assert f"{home}/nowhere is no folder that can be written to" in capsys.readouterr().err


def test_a_bundle_that_cannot_be_written_leaves_nothing_half(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tarfile.TarFile.addfile", fail)
    file = home / "bundle.tar.gz"
    file.write_text("an older one")
    with pytest.raises(errors.RequestError, match="No space left on device"):
        bundle.write_bundle(file, load_settings({"COINLAKE_HOME": str(home)}), [])
    assert [each.name for each in home.glob("bundle*")] == [file.name]
    assert file.read_text() == "an older one"
