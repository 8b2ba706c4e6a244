"""`run_job.sh`: what it prints, its exit codes, and that a signal leaves nothing."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.jobs import __main__ as command
from tests.support.databricks.faults import refusal
from tests.support.databricks.files import VOLUME
from tests.support.databricks.server import TOKEN, Workspace
from tests.support.jobs import PRICES, write_notebook
from tests.support.processes import INTERRUPTIBLE, read_errors_until


@pytest.fixture(autouse=True)
def quiet_logging() -> Iterator[None]:
    """Leave this process's logging as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, command.log.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    command.log.setLevel(before[2])


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A job on a small notebook and prices made here."""
    (tmp_path / "given.csv").write_text(PRICES)
    notebook = write_notebook(tmp_path / "small.ipynb")
    places = ["--prices", str(tmp_path / "given.csv"), "--out", str(tmp_path / "out"), "--notebook", str(notebook)]
    return [*places, "--poll", "0.05"]


@pytest.fixture
def environ(workspace: Workspace, tmp_path: Path) -> dict[str, str]:
    """The settings of that workspace; the token lies in a file."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return {
        "COINLAKE_HOME": str(tmp_path / "home"),
        "DATABRICKS_HOST": workspace.url,
        "DATABRICKS_TOKEN_FILE": str(tmp_path / "token"),
        "DATABRICKS_VOLUME": VOLUME,
    }


@pytest.fixture
def settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in this process."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def test_a_job_on_this_machine_is_one_command(
    arguments: list[str], environ: dict[str, str], checkout: Path, tmp_path: Path
) -> None:
    script = checkout / "analysis" / "scripts" / "run_job.sh"
    env = os.environ | environ | {"COINLAKE_PYTHON": sys.executable}
    done = subprocess.run(
        [script, *arguments, "--horizon", "2"], env=env, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert done.stdout.split() == [str(out / name) for name in ("forecast_output.csv", "forecast.png", "prices.csv")]
    assert len((out / "forecast_output.csv").read_text().splitlines()) == 3
    assert [line for line in done.stderr.splitlines() if line[8:9] != "Z"] == [], "each line begins with the time"
    steps = [line[10:].split()[0] for line in done.stderr.splitlines() if line[8:10] == "Z "]
    assert steps == ["prices", "running", "forecast", "done"], done.stderr


@pytest.mark.usefixtures("settings")
def test_a_job_on_databricks_prints_its_progress_and_no_token(
    arguments: list[str], workspace: Workspace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        assert command.main(["--on", "databricks", *arguments]) == 0
    printed = "".join(capfd.readouterr()) + caplog.text
    for words in (
        "uploading",
        "is starting",
        "is RUNNING",
        "run 41 submitted",
        "its page: https://",
        "deleted",
        "done in",
    ):
        assert words in printed
    assert TOKEN not in printed
    assert workspace.files.left() == []
    first_cell = workspace.files.imported[0].decode().split("%pip", 1)[1].partition('"')[0]
    assert first_cell.startswith(" install --quiet 'arch>=8,<9' 'scikit-learn>=1.7,<2'")


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ("clusters/create", (1, "cannot create the cluster: Invalid access token. Bearer ***")),
        ("permanent-delete", (3, "STILL ON DATABRICKS, delete it yourself: cluster 1129-000001-abcd")),
    ],
)
def test_an_error_is_one_message_and_an_exit_code(
    call: str, outcome: tuple[int, str], arguments: list[str], workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.fail(call, refusal(403, f"Invalid access token. Bearer {TOKEN}"))
    code, words = outcome
    assert command.main(["--on", "databricks", *arguments]) == code
    assert words in caplog.text
    assert (TOKEN in caplog.text, "Traceback" in caplog.text) == (False, False)


@pytest.mark.usefixtures("settings")
def test_missing_prices_are_an_error_before_anything_starts(
    arguments: list[str], workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "given.csv").unlink()
    assert command.main(["--on", "databricks", *arguments]) == 1
    assert "given.csv: the price file cannot be read" in caplog.text
    assert not any("/api/" in call for call in workspace.calls)


def test_a_setting_that_is_missing_is_named(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)
    assert command.main(["--on", "databricks", *arguments]) == 1
    assert "DATABRICKS_HOST=''" in caplog.text


@pytest.mark.parametrize("wrong", [["--on", "mars"], ["--parameter", "x"], ["--horizon", "many"], ["extra"]])
def test_wrong_usage_is_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert "run_job.sh" in capsys.readouterr().err


def test_parameters_are_json_or_text() -> None:
    options = command.parse(
        ["--models", "a,b", "--parameter", "origins=3", "--parameter", "note=x=y", "--horizon", "7"]
    )
    wanted = {"coin": "bitcoin", "horizon": 7, "models": ["a", "b"], "origins": 3, "note": "x=y"}
    assert command.parameters(options) == wanted


@pytest.mark.parametrize(("number", "moment"), [(signal.SIGINT, "run 41 is RUNNING"), (signal.SIGTERM, "is starting")])
def test_a_signal_leaves_nothing(
    number: signal.Signals, moment: str, arguments: list[str], environ: dict[str, str], workspace: Workspace
) -> None:
    workspace.runs.ends_as = ("RUNNING", None)
    workspace.clusters.looks_until_running = 1 if number == signal.SIGINT else 1_000_000
    line = [*INTERRUPTIBLE, sys.executable, "-m", "analysis.jobs", "--on", "databricks", *arguments]
    with subprocess.Popen(line, env=os.environ | environ, stderr=subprocess.PIPE, text=True) as process:
        read_errors_until(process, moment)
        assert TOKEN not in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(number)
        process.send_signal(number)  # an impatient user's
        _, said = process.communicate(timeout=300)
    assert process.returncode == 128 + number, said
    assert f"ended by {number.name}" in said
    assert (list(workspace.clusters.all), workspace.files.left()) == ([], [])
    assert TOKEN not in said
