"""When the NameNode is checkpointed, what a failure costs, and when the script ends; NameNode and Java are played."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines import render
from pipeline.settings import CHECKOUT, load_settings
from tests.support.programs import Programs
from tests.support.waiting import wait_until

SCRIPT = CHECKOUT / "pipeline" / "engines" / "namenode_checkpoints.sh"
ENOUGH = 200_000  # dfs.namenode.checkpoint.txns
LOOK_S, RETRY_S = "0.1", "60"


class PlayedNameNode:
    """The script at work beside a NameNode that has as many edits as the test says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "data" / "namenode-checkpoint"
        self.calls = home / "calls"
        self.looks = home / "looks"
        self._jmx = home / "jmx"
        self.images = home / "data" / "namenode" / "current"
        self.images.mkdir(parents=True)
        (self.images / "fsimage_01").touch()
        (home / "bin").mkdir()
        self._programs = Programs(home / "bin")
        self._programs.write("curl", f"echo look >> '{self.looks}'", f"exec cat '{self._jmx}' 2>/dev/null")
        read_end, self._write_end = os.pipe()
        env = os.environ | {
            "COINLAKE_HOME": str(home),
            "JAVA_HOME": str(home),
            "COINLAKE_PYTHON": "/usr/bin/python3",
            "TMPDIR": str(home),
        }
        env["PATH"] = f"{self._programs.folder}:{env['PATH']}"
        self.process = subprocess.Popen(
            [SCRIPT, LOOK_S, RETRY_S], stdin=read_end, stderr=subprocess.PIPE, text=True, env=env
        )
        os.close(read_end)

    def java(self, *lines: str) -> None:
        """Say what a checkpoint does, in shell."""
        self._programs.write("java", f"echo \"$*\" >> '{self.calls}'", *lines)

    def has_edits(self, count: int) -> None:
        """Let the NameNode's image lack so many edits."""
        answer = self.home / "jmx.new"
        answer.write_text(f'{{ "beans" : [ {{\n    "TransactionsSinceLastCheckpoint" : {count},\n    "Other" : 1\n')
        answer.replace(self._jmx)

    def checkpoints(self) -> list[str]:
        """Return the JVMs' command lines so far."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def wait_for_looks(self, count: int) -> None:
        """Wait until the script has looked so often from now on."""
        seen = self._looks()
        wait_until(lambda: self._looks() >= seen + count, 20, f"{count} looks")

    def die(self) -> str:
        """End the NameNode; return what the script wrote, which must end by itself."""
        os.close(self._write_end)
        return self.process.communicate(timeout=10)[1]

    def _looks(self) -> int:
        return len(self.looks.read_text().splitlines()) if self.looks.exists() else 0


@pytest.fixture
def namenode(tmp_path: Path) -> Iterator[PlayedNameNode]:
    render.render_all(load_settings({"COINLAKE_HOME": str(tmp_path)}))
    played = PlayedNameNode(tmp_path)
    yield played
    if played.process.poll() is None:
        played.process.kill()
        played.process.communicate()


def test_enough_edits_are_checkpointed_once(namenode: PlayedNameNode) -> None:
    (namenode.folder / "current").mkdir(parents=True)  # left by one that was killed
    image_taken = f"sed -i s/{ENOUGH}/3/ '{namenode.home}/jmx'; touch '{namenode.images}/fsimage_02'"
    namenode.java("set -e", f"test ! -e '{namenode.folder}'", f"mkdir '{namenode.folder}'", image_taken)
    namenode.has_edits(ENOUGH - 1)
    namenode.wait_for_looks(3)
    assert namenode.checkpoints() == []
    namenode.has_edits(ENOUGH)
    namenode.wait_for_looks(5)
    (call,) = namenode.checkpoints()
    assert call.endswith("SecondaryNameNode -checkpoint force")
    assert not namenode.folder.exists()
    assert namenode.die() == ""
    assert namenode.process.returncode == 0


@pytest.mark.parametrize("java", ["exit 1", "exit 0"])  # it ends well, too, when the NameNode refuses the image
def test_a_failed_checkpoint_is_reported_and_not_repeated_at_once(namenode: PlayedNameNode, java: str) -> None:
    namenode.java(java)
    namenode.has_edits(ENOUGH + 1)
    wait_until(lambda: len(namenode.checkpoints()) == 1, 20, "a checkpoint")
    time.sleep(10 * float(LOOK_S))
    assert f"checkpoint failed (exit code {java[-1]}), {ENOUGH + 1} edits are in the log; next attempt in 60 s" in (
        namenode.die()
    )
    assert len(namenode.checkpoints()) == 1


def test_a_namenode_that_does_not_answer_is_left_alone(namenode: PlayedNameNode) -> None:
    namenode.wait_for_looks(3)  # there is no answer to give
    namenode.has_edits(0)
    namenode.wait_for_looks(1)
    assert namenode.checkpoints() == []
    assert namenode.process.poll() is None
