"""A server of the serving tier, run by its start script in a home of its own, as supervisord would run it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engines import render
from pipeline.health import probes
from pipeline.host.ports import is_free
from pipeline.services import BY_NAME, PORT_OFFSETS
from pipeline.settings import CHECKOUT, Settings, load_settings

PORT_BASES = range(27_000, 28_000, 100)  # below those of the lakes under test and those for outgoing connections
START_S, STOP_S = 40.0, 10.0
SECRETS = {
    "POSTGRES_PASSWORD": 'owner\'s "secret" \\ $1',
    "POSTGRES_READER_PASSWORD": "reader's: secret\\; -- x",
    "S3_ACCESS_KEY": "test-access",
    "S3_SECRET_KEY": "test-secret\\with=signs",
}
SETPRIV = ("setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups", "--")


def as_nobody(folder: Path) -> tuple[str, ...]:
    """Return what runs a start script as `nobody`, by a Python that this user can run with our packages."""
    packages = sysconfig.get_paths()["purelib"]
    python = folder / "python"
    system = next(place for place in ("/usr/bin/python3", sys.executable) if Path(place).exists())
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{packages}" exec {system} "$@"\n')
    python.chmod(0o755)
    imports = [*SETPRIV, "env", f"PYTHONPATH={CHECKOUT}", str(python), "-c", "import psycopg, pipeline.settings"]
    if subprocess.run(imports, check=False, capture_output=True, cwd=folder).returncode != 0:
        pytest.skip("`nobody` cannot run a Python with the packages, or read the checkout")
    return (*SETPRIV, "env", f"COINLAKE_PYTHON={python}")


def skip_unless_nobody_reaches(package: str) -> None:
    """Skip where `nobody` cannot enter the folder of a package, as below a home that only its owner may enter."""
    folder = Path(sysconfig.get_paths()["purelib"], package)
    if subprocess.run([*SETPRIV, "test", "-x", str(folder)], check=False).returncode != 0:
        pytest.skip("`nobody` cannot reach this Python's packages")


class ServingServer:
    """The service `name`; `by` is what its start script is run by, and `path` comes first on its PATH."""

    def __init__(self, name: str, home: Path, by: Sequence[str] = (), path: Path | None = None) -> None:
        self.name = name
        self.home = home
        self.log = home.parent / f"{name}.log"
        self._by = by
        self._base = next(b for b in PORT_BASES if all(is_free("127.0.0.1", b + x) for x in PORT_OFFSETS.values()))
        self._path = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
        self.settings = self.reconfigure()
        self.process: subprocess.Popen[bytes] | None = None

    def reconfigure(self, **changes: str) -> Settings:
        """Take other settings, which hold from the next start on."""
        own = {"COINLAKE_HOME": str(self.home), "COINLAKE_PORT_BASE": str(self._base), "COINLAKE_SERVING": "true"}
        self.environ = {
            **os.environ,
            "PATH": self._path,
            "COINLAKE_PYTHON": sys.executable,
            **own,
            **SECRETS,
            **changes,
        }
        self.settings = load_settings(self.environ)
        render.render_all(self.settings)
        if self._by:
            subprocess.run(["chown", "-R", "nobody", str(self.home)], check=True)
        return self.settings

    def start(self) -> None:
        """Start the service and wait until it does real work."""
        self.process = self.launch()
        assert probes.wait(self.name, self.settings, START_S) is None, self.log.read_text()

    def launch(self) -> subprocess.Popen[bytes]:
        """Run the start script in a process group of its own."""
        script = CHECKOUT / "pipeline" / "engines" / "start" / f"{self.name}.sh"
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self._by, script], env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """Kill the server itself, and nothing that it started."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the whole process group, as supervisord would."""
        if self.process is None:
            return
        for sign in (signal.Signals[f"SIG{BY_NAME[self.name].stop_signal}"], signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(STOP_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


@contextmanager
def serving_server(server: ServingServer) -> Iterator[ServingServer]:
    """Run the server, leave no process of it behind, and nothing of a home that another user owns."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
