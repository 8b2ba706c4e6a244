"""Start and stop the services under supervisord, and ask it about them over its Unix socket.

start_daemon(settings); client(settings).states(); stop_daemon(settings)
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from pipeline.engines import render
from pipeline.errors import ServiceError
from pipeline.services import STOP_ORDER
from pipeline.settings import Settings

ANSWER_S = 30.0  # until a new supervisord answers, or an old one is gone
STOP_S = 40.0  # supervisord itself kills after stopwaitsecs, 20 s
LOOK_AGAIN_S = 0.05
ENDED = {"STOPPED", "EXITED", "FATAL", "BACKOFF", "UNKNOWN"}


@dataclass(frozen=True)
class ServiceState:
    """What supervisord knows of one service."""

    name: str
    state: str  # STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN, as supervisord says it
    pid: int | None
    exit_code: int | None  # of the last run, once it has ended

    @property
    def refused(self) -> bool:
        """Whether the service ended on purpose (exit code 78) and waits for the user."""
        return self.state == "EXITED" and self.exit_code == os.EX_CONFIG


class Client:
    """Calls to one running supervisord; each raises `ServiceError` when it does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._socket = settings.run_dir / "supervisor.sock"

    def answers(self) -> bool:
        """Tell whether a supervisord listens on the socket."""
        try:
            self._call("getState")
        except ServiceError:
            return False
        return True

    def states(self) -> dict[str, ServiceState]:
        """Return every service's state, by name, in the order of their start."""
        found = self._call("getAllProcessInfo")
        return {info["name"]: _state(info) for info in sorted(found, key=lambda info: int(info["start"]))}

    def start(self, name: str) -> None:
        """Start a service; one that runs already is left alone."""
        self._call("startProcess", name, False, unless=Faults.ALREADY_STARTED)

    def stop(self, *names: str) -> None:
        """Stop services together and wait until they have ended; one that is stopped already is left alone."""
        for name in names:
            self._call("stopProcess", name, False, unless=Faults.NOT_RUNNING)
        _wait_until(lambda: all(self.states()[name].state in ENDED for name in names), STOP_S, f"stop {names}")

    def apply_changes(self) -> list[str]:
        """Take a changed configuration over: stop what is gone, start what is new, restart what differs; return those.

        What did not change runs on.
        """
        ((added, changed, removed),) = self._call("reloadConfig")
        self.stop(*changed, *removed)
        for name in (*changed, *removed):
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)  # starts it, for autostart is on
        return [*added, *changed, *removed]

    def shut_down(self) -> None:
        """Ask supervisord to stop what still runs and to end."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: object, unless: int | None = None) -> Any:  # noqa: ANN401  # XML-RPC
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == unless:
                return None
            raise ServiceError(f"supervisord refused {method}{arguments}: {fault.faultString}") from None
        except (OSError, HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ServiceError(f"no supervisord answers on {self._socket}: {error}") from None


def client(settings: Settings) -> Client:
    """Return a client of this home's supervisord."""
    return Client(settings)


def start_daemon(settings: Settings, services: Sequence[str] | None = None) -> bool:
    """Render the configuration and start supervisord with these services, by default all that belong here.

    Returns whether it had to be started: a running one is left as it is. Raises `ServiceError` when it does not come
    up.
    """
    daemon = client(settings)
    if daemon.answers():
        return False
    render.render_all(settings, services)
    for folder in (settings.run_dir, settings.log_dir, settings.data_dir):
        folder.mkdir(parents=True, exist_ok=True)
    configuration = str(settings.conf_dir / "supervisord.conf")
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", configuration]
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServiceError(f"supervisord did not start within {ANSWER_S:g} s") from None
    if run.returncode != 0:
        raise ServiceError(f"supervisord did not start: {(run.stderr or run.stdout).strip()}")
    _wait_until(daemon.answers, ANSWER_S, "reach the new supervisord")
    return True


def stop_daemon(settings: Settings) -> bool:
    """Stop all services, readers and writers before what they use, then supervisord; return whether one ran."""
    daemon = client(settings)
    if not daemon.answers():
        return False
    known = daemon.states()
    for group in STOP_ORDER:
        daemon.stop(*(name for name in group if name in known))
    daemon.shut_down()
    _wait_until(lambda: not daemon.answers(), ANSWER_S, "end supervisord")
    return True


def _state(info: dict[str, Any]) -> ServiceState:
    has_ended = info["statename"] in ENDED and info["stop"] > 0
    return ServiceState(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"] or None,
        exit_code=int(info["exitstatus"]) if has_ended else None,
    )


def _wait_until(condition: Callable[[], bool], seconds: float, aim: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceError(f"could not {aim} within {seconds:g} s")
        time.sleep(LOOK_AGAIN_S)
