"""How the start scripts call Java, which is played: class paths, and where temporary files go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.engines import render
from pipeline.settings import CHECKOUT, load_settings
from tests.support.programs import Programs

START = CHECKOUT / "pipeline" / "engines" / "start"
JVMS = sorted(file.stem for file in START.glob("*.sh") if "java" in file.read_text(encoding="utf-8"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A rendered home; its own Java writes down each argument on a line of its own."""
    home = tmp_path / "my lake"
    (home / "bin").mkdir(parents=True)
    Programs(home / "bin").write("java", f"printf '%s\\n' \"$@\" >> '{home}/arguments'")
    render.render_all(load_settings({"COINLAKE_HOME": str(home)}))
    return home


def run(service: str, home: Path) -> list[str]:
    """Run a start script to its end and return all arguments that Java got."""
    env = os.environ | {"COINLAKE_HOME": str(home), "JAVA_HOME": str(home), "COINLAKE_PYTHON": sys.executable}
    env["SPARK_MASTER"] = "spark://master:18077"
    script = START / f"{service}.sh"
    done = subprocess.run([script], env=env, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return (home / "arguments").read_text(encoding="utf-8").splitlines()


def test_most_services_are_jvms() -> None:
    assert {"kafka", "namenode", "datanode", "metastore", "presto", "spark-worker"} <= set(JVMS)


@pytest.mark.parametrize("service", JVMS)
def test_temporary_files_go_to_a_folder_of_the_services_own_emptied_at_each_start(service: str, home: Path) -> None:
    folder = home / "data" / "tmp" / service
    folder.mkdir(parents=True)
    (folder / "liblz4-java-1.so").touch()  # a killed JVM left it
    arguments = run(service, home)
    assert f"-Djava.io.tmpdir={folder}" in arguments
    assert list(folder.iterdir()) == []
    files = [Path(argument[1:]) for argument in arguments if argument.startswith("@")]
    assert files
    assert all(file.is_file() for file in files)
    assert "-cp" in arguments


def test_two_starts_are_kept_apart_also_where_nothing_could_be_written_at_the_first(home: Path) -> None:
    stamp = home / "run" / "datanode.started"
    stamp.parent.mkdir()
    stamp.touch()  # what a full disk leaves: a file without content
    begun = time.monotonic()
    run("datanode", home)
    assert time.monotonic() - begun >= 2
    os.utime(stamp, (0, 0))
    run("datanode", home)
    assert stamp.stat().st_mtime > 0, "a start leaves its time"
