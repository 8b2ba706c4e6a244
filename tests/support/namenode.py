"""A NameNode of the test's own, without DataNodes, in a home of its own; changes are made over WebHDFS."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from pipeline.engines import render
from pipeline.host.ports import is_free
from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT, Settings, load_settings
from tests.support.waiting import wait_until

PORT_BASES = range(24_000, 25_000, 100)  # below those of the lakes under test and those for outgoing connections
START_S, STOP_S = 60.0, 10.0
ANSWER_S = 30.0
HDFS_SITE = "hadoop/hdfs-site.xml"


class NameNode:
    """The service as supervisord runs it: its start script, in a process group of its own."""

    def __init__(self, jars: Path, home: Path, checkpoint_after: int) -> None:
        (home / "jars").symlink_to(jars)
        base = next(base for base in PORT_BASES if all(is_free("127.0.0.1", base + x) for x in PORT_OFFSETS.values()))
        self._env = os.environ | {"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": str(base)}
        self.settings: Settings = load_settings(self._env)
        self.log = home / "namenode.log"
        render.render_all(self.settings)
        file = self.settings.conf_dir / HDFS_SITE
        few = rf"\g<1>{checkpoint_after}<"
        file.write_text(re.sub(r"(dfs\.namenode\.checkpoint\.txns</name><value>)\d+<", few, file.read_text()))
        self.process = self._start()

    @property
    def url(self) -> str:
        """Return where WebHDFS begins."""
        return f"http://127.0.0.1:{self.settings.port('namenode_http')}/webhdfs/v1"

    def make_folders(self, parent: str, count: int) -> None:
        """Make folders, each of which is one edit."""
        with requests.Session() as session:
            for number in range(count):
                session.put(f"{self.url}/{parent}/{number}?op=MKDIRS", timeout=ANSWER_S).raise_for_status()

    def folders(self, parent: str) -> int:
        """Return how many folders are in a folder."""
        answer = requests.get(f"{self.url}/{parent}?op=LISTSTATUS", timeout=ANSWER_S)
        answer.raise_for_status()
        return len(answer.json()["FileStatuses"]["FileStatus"])

    def images(self) -> list[int]:
        """Return up to which edit each image reaches."""
        return self._numbers(r"fsimage_(\d+)")

    def finished_edits(self) -> list[int]:
        """Return the last edit of each file of the log that is no longer written to."""
        return self._numbers(r"edits_\d+-(\d+)")

    def children(self) -> list[int]:
        """Return the processes below the NameNode's own."""
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()]

    def kill_and_restart(self) -> None:
        """Kill the JVM and nothing else, and start the service again."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def stop(self) -> None:
        """End the whole process group, as supervisord would."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(STOP_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            script = CHECKOUT / "pipeline" / "engines" / "start" / "namenode.sh"
            process = subprocess.Popen([script], env=self._env, stdout=log, stderr=log, start_new_session=True)
        wait_until(lambda: requests.get(f"{self.url}/?op=LISTSTATUS", timeout=ANSWER_S).ok, START_S, "a NameNode")
        return process

    def _numbers(self, pattern: str) -> list[int]:
        current = self.settings.data_dir / "namenode" / "current"
        found = (re.fullmatch(pattern, file.name) for file in current.iterdir())
        return sorted(int(match[1]) for match in found if match)


@contextmanager
def running_namenode(jars: Path, home: Path, checkpoint_after: int) -> Iterator[NameNode]:
    """Run a NameNode that is checkpointed after so many edits, and leave no process of it behind."""
    namenode = NameNode(jars, home, checkpoint_after)
    try:
        yield namenode
    finally:
        namenode.stop()
