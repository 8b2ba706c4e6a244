"""Finding JupyterLab, its address, and the browser; the start itself belongs to the integration tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import Settings, load_settings
from pipeline.verbs import notebook_up

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

Run = Callable[..., subprocess.CompletedProcess[str]]
NOTEBOOK_OFFSET = 88


def settings(home: Path, port_base: int) -> Settings:
    return load_settings(
        {"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": str(port_base), "COINLAKE_NOTEBOOK_TOKEN": "a+b"}
    )


def url(port: int, notebook: str = "bitcoin-presto") -> str:
    return f"http://127.0.0.1:{port}/lab/tree/{notebook}.ipynb?token=a%2Bb"


def test_the_address_opens_the_notebook_with_the_token(tmp_path: Path, checkout: Path) -> None:
    assert notebook_up.address(settings(tmp_path, 18000)) == url(18088)
    assert notebook_up.address(settings(tmp_path, 18000), "trades") == url(18088, "trades")
    shipped = {path.name for path in (checkout / "analysis" / "notebooks").glob("*.ipynb")}
    assert set(notebook_up.NOTEBOOKS.values()) == shipped


def test_without_a_lake_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"no lake runs in .*pipeline/scripts/pipeline_setup\.sh"):
        notebook_up.ensure_running(settings(tmp_path, port_base=1024))


@pytest.fixture
def jupyter(presto: FakePresto) -> FakePresto:
    """Any server that answers /api/status is JupyterLab enough here."""
    presto.answer = {"started": True}
    return presto


@pytest.fixture
def run(checkout: Path, tmp_path: Path, jupyter: FakePresto) -> Run:
    """Run the script where that JupyterLab is; what it opens in a browser ends in the file `opened`."""
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" >{tmp_path}/opened\n')
    opener.chmod(0o755)
    for notebook in notebook_up.NOTEBOOKS.values():
        copy = tmp_path / "notebooks" / notebook
        copy.parent.mkdir(exist_ok=True)
        copy.touch()
    env = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | {
        "COINLAKE_HOME": str(tmp_path),
        "COINLAKE_PYTHON": sys.executable,
        "COINLAKE_PORT_BASE": str(jupyter.server_port - NOTEBOOK_OFFSET),
        "COINLAKE_NOTEBOOK_TOKEN": "a+b",
        "PATH": f"{opener.parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run_script(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        script = checkout / "analysis" / "scripts" / "notebook_up.sh"
        return subprocess.run([script, *arguments], env=env | changed, check=False, capture_output=True, text=True)

    return run_script


def test_the_address_of_a_running_notebook_is_printed(run: Run, jupyter: FakePresto, tmp_path: Path) -> None:
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, url(jupyter.server_port) + "\n", "")
    assert not (tmp_path / "opened").exists()


def test_each_notebook_has_its_name(run: Run, jupyter: FakePresto) -> None:
    assert run("forecast").stdout == url(jupyter.server_port, "forecast") + "\n"
    assert run("bitcoin-utils").stdout == url(jupyter.server_port, "bitcoin_utils") + "\n"


def test_a_copy_that_is_not_there_yet_is_made(run: Run, jupyter: FakePresto, tmp_path: Path) -> None:
    copy = tmp_path / "notebooks" / "bitcoin-presto.ipynb"
    copy.unlink()
    done = run()
    assert (done.returncode, done.stdout) == (0, url(jupyter.server_port) + "\n")
    assert f"notebook_up.sh: {copy} is the notebook as it ships" in done.stderr
    assert copy.read_text().startswith("{")


def test_a_wrong_name_lists_the_right_ones(run: Run) -> None:
    done = run("coin_prices")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search("prices.*trades.*forecast.*bitcoin-utils", done.stderr)


def test_the_help_lists_every_notebook(run: Run) -> None:
    done = run("--help")
    assert [name for name in notebook_up.NOTEBOOKS if name not in done.stdout] == []


def test_a_desktop_opens_the_page(run: Run, jupyter: FakePresto, tmp_path: Path) -> None:
    done = run(DISPLAY=":0")
    assert (done.returncode, done.stdout) == (0, url(jupyter.server_port) + "\n")
    assert (tmp_path / "opened").read_text() == url(jupyter.server_port)


def test_the_script_tells_what_is_missing(run: Run, tmp_path: Path) -> None:
    done = run(COINLAKE_PORT_BASE="1024", DISPLAY=":0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"notebook_up.sh: no lake runs in {tmp_path}")
    assert not (tmp_path / "opened").exists()
