"""Which services do not work: what supervisord says, whether the port answers, and now and then a real operation."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Set
from concurrent.futures import Future, wait
from functools import partial, reduce
from operator import or_

from monitor.notifier.alarms.look import Look
from pipeline.engines import supervisor
from pipeline.engines.local_services import is_ours
from pipeline.errors import CoinlakeError, ServiceError
from pipeline.health import probes
from pipeline.health.service_states import answers
from pipeline.run_files import HEARTBEAT_S, Beat
from pipeline.services import ALL_SERVICES, BY_NAME, SERVING
from pipeline.settings import Settings
from pipeline.verbs.background import in_background
from pipeline.verbs.bring_up import REFUSED, refusal
from pipeline.verbs.doctor import lake_checks
from pipeline.verbs.doctor.checks import Finding, State

log = logging.getLogger(__name__)

SERVICE = "service."
OURSELVES = "notifier"
SUPERVISOR = "services.supervisor"
PROBE_S = 60.0  # between real operations of a service that is well; one that is not is asked at each look
ANSWER_S = 12.0  # an operation's own limit is 10 s
ON_PURPOSE = {"STOPPED", "STOPPING"}
HDFS = {"hdfs.safe-mode": lake_checks.safe_mode, "hdfs.room": lake_checks.room}
BY_OFFSETS = "kafka"  # asked by `kafka_checks.py`, over one connection
ALL_IDS = frozenset({*(SERVICE + service.name for service in ALL_SERVICES), *HDFS})

Ask = Callable[[], str | None]
"""Returns what is wrong, or None; raises `ServiceError` where that cannot be known."""


class ServiceChecks:
    """Looks at each service of this machine that supervisord knows, and at engines elsewhere.

    A process that has just begun is not asked to work at once: until it first does, and at most for its `ready_s`,
    nothing is said about it.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._daemon = supervisor.client(settings)
        self._probes = Probes(clock)
        self._pids: dict[str, int] = {}
        self._stopped: set[str] = set()
        self._begun = dict.fromkeys(_elsewhere(settings), clock())  # when, of those that have not worked yet

    @property
    def excused(self) -> Set[str]:
        """The services that were stopped on purpose or are starting, as of the last look."""
        return self._stopped | {name for name in self._begun if self._is_starting(name)}

    def look(self) -> Look:
        """Look at all of them."""
        ended: dict[str, str] = {}
        silent: dict[str, str] = {}
        asked = set(_elsewhere(self._settings))
        if (self._settings.run_dir / "supervisor.sock").exists():
            try:
                states = self._daemon.states()
            except ServiceError:
                return Look({SUPERVISOR: "the supervisor is gone, so nothing restarts a service that ends"}, ALL_IDS)
            self._stopped = {name for name, state in states.items() if state.state in ON_PURPOSE}
            for name in states.keys() - self._stopped - {OURSELVES}:
                if fault := self._end_of(states[name]):
                    ended[SERVICE + name] = fault
                elif fault := self._silence_of(name):
                    silent[SERVICE + name] = fault
                else:
                    asked.add(name)
        elif fault := _stale_beat(self._settings, "trades"):  # in a container: its folder of heartbeats is shared
            ended[SERVICE + "trades"] = fault
        found = Look(silent) | self._probes.look(self._questions(asked))
        return Look(ended) | self._without_starting(found, asked)

    def _end_of(self, state: supervisor.ServiceState) -> str | None:
        """Return what is wrong with a service's process."""
        name, before = state.name, self._pids.pop(state.name, None)
        if state.refused:
            reason = refusal(self._settings.log_dir / f"{name}.log")
            return f"{name} {REFUSED}{f': {reason}' if reason else ''}"
        if state.pid is None:
            return f"{name} does not run (supervisord: {state.state})"
        self._pids[name] = state.pid
        if before == state.pid:
            return None
        self._begun[name] = self._clock()
        if before is None:
            return None
        return (
            f"{name} was restarted, process {state.pid} follows {before}"  # a fault at each look if it ends each time
        )

    def _silence_of(self, name: str) -> str | None:
        """Return what is wrong with a service's port, or its heartbeat where it has none: to look costs nothing."""
        record = BY_NAME[name]
        if not record.serves_at:
            return probes.check(name, self._settings)
        if answers(self._settings.local_host, self._settings.port(record.serves_at)):
            return None
        return f"{name} does not answer on port {self._settings.port(record.serves_at)}"

    def _questions(self, names: Set[str]) -> dict[str, Ask]:
        asks: dict[str, Ask] = {SERVICE + name: partial(_ask, name, self._settings) for name in names - {BY_OFFSETS}}
        if "namenode" in names and "datanode" not in self._stopped:
            asks |= {alarm_id: partial(_hdfs, look, self._settings) for alarm_id, look in HDFS.items()}
        return asks

    def _without_starting(self, found: Look, asked: Set[str]) -> Look:
        for name in asked - {BY_OFFSETS} - {_owner(alarm_id) for alarm_id in found.faults}:
            self._begun.pop(name, None)
        starting = {alarm_id for alarm_id in found.faults if self._is_starting(_owner(alarm_id))}
        faults = {alarm_id: words for alarm_id, words in found.faults.items() if alarm_id not in starting}
        return Look(faults, found.unknown | starting)

    def _is_starting(self, name: str) -> bool:
        return name in self._begun and self._clock() - self._begun[name] < BY_NAME[name].ready_s


class Probes:
    """Real operations, each in a thread that may hang: at most one of a kind is under way."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}
        self._under_way: dict[str, Future[str | None]] = {}

    def look(self, asks: Mapping[str, Ask]) -> Look:
        """Ask those that are due, all at once, and wait for their answers for a while."""
        now = self._clock()
        self._due = {alarm_id: self._due.get(alarm_id, now) for alarm_id in asks}
        due = [alarm_id for alarm_id, at in self._due.items() if at <= now]
        for alarm_id in due:
            if alarm_id not in self._under_way:
                self._under_way[alarm_id] = in_background(asks[alarm_id])
        wait([self._under_way[alarm_id] for alarm_id in due], ANSWER_S)
        return reduce(or_, (self._take(alarm_id, now) for alarm_id in due), Look())

    def _take(self, alarm_id: str, now: float) -> Look:
        """Return what an answer says; one that has not come is waited for at the next look."""
        if not self._under_way[alarm_id].done():
            return Look({alarm_id: f"{alarm_id}: no answer within {ANSWER_S:g} s"})
        answer = self._under_way.pop(alarm_id)
        if isinstance(error := answer.exception(), Exception):
            if not isinstance(error, CoinlakeError):
                log.error("looking at %s failed", alarm_id, exc_info=error)
            return Look(unknown=frozenset({alarm_id}))
        if fault := answer.result():
            return Look({alarm_id: fault})
        self._due[alarm_id] = now + PROBE_S
        return Look()


def _owner(alarm_id: str) -> str:
    return "namenode" if alarm_id in HDFS else alarm_id.removeprefix(SERVICE)


def _ask(name: str, settings: Settings) -> str | None:
    try:
        lake_checks.service(name, settings)
    except CoinlakeError as error:
        return f"{name}: {error}"
    return None


def _hdfs(look: Callable[[Settings], Finding], settings: Settings) -> str | None:
    finding = look(settings)  # what raises is the NameNode's own fault
    return finding.words if finding.state is State.FAIL else None


def _elsewhere(settings: Settings) -> list[str]:
    """Return the engines that are not this machine's, or in other containers."""
    return [
        service.name
        for service in ALL_SERVICES
        if service.address and not is_ours(settings, service) and (service.tier != SERVING or settings.serving.enabled)
    ]


def _stale_beat(settings: Settings, name: str) -> str | None:
    beat = Beat.read(settings.run_dir, name)
    if beat is None or beat.age_s <= HEARTBEAT_S:
        return None
    return f"the last heartbeat of {name} was {beat.age_s:.0f} s ago"
