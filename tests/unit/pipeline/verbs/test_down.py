from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.settings import CHECKOUT
from pipeline.verbs import down
from pipeline.verbs.console import Stages


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with data and secrets, in which nothing runs, on ports of its own."""
    home = tmp_path / "home"
    (home / "data" / "kafka").mkdir(parents=True)
    (home / "run").mkdir()
    (home / ".env").write_text("COINLAKE_API_TOKEN=x\n")
    monkeypatch.setenv("COINLAKE_HOME", str(home))
    monkeypatch.setenv("COINLAKE_PORT_BASE", "1100")
    return home


def test_down_of_nothing_is_harmless_and_keeps_the_data(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert down.main([]) == 0
    assert down.main([]) == 0
    assert "nothing was running" in capsys.readouterr().out
    assert (home / "data" / "kafka").is_dir()
    assert (home / ".env").exists()


def test_purge_without_a_terminal_wants_yes_and_deletes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert down.main(["--purge"]) == 1
    said = capsys.readouterr()
    assert f"This deletes from {home}:" in said.out
    assert "add --yes" in said.err
    assert (home / "data" / "kafka").is_dir()


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("yes", True), ("", False), ("n", False), ("x", False)])
def test_purge_asks_on_a_terminal(answer: str, deleted: bool, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    assert down.main(["--purge"]) == (0 if deleted else 1)
    assert home.exists() == (not deleted)


def test_purge_deletes_ours_and_leaves_what_is_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "my-notes.txt").write_text("keep me")
    assert down.main(["--purge", "--yes"]) == 0
    assert [place.name for place in home.iterdir()] == ["my-notes.txt"]
    assert "they stay" in capsys.readouterr().out
    assert down.main(["--purge", "--yes"]) == 0


def test_purge_follows_no_link_out_of_the_home(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    (home / "logs").symlink_to(elsewhere)
    down.purge(home, Stages(Console(file=io.StringIO())))
    assert (elsewhere / "file").exists()
    assert not home.exists()


def test_wrong_arguments_end_with_2(home: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        down.main(["--purge", "everything"])
    assert stopped.value.code == 2


def test_a_lake_with_a_python_of_the_users_is_not_denied(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    environ = {**os.environ, "COINLAKE_HOME": str(tmp_path), "COINLAKE_PYTHON": ""}
    script = CHECKOUT / "pipeline" / "scripts" / "pipeline_down.sh"
    ended = subprocess.run([script], env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("has no Python of its own: name the one it was set up with by COINLAKE_PYTHON\n")
