"""What a run of the set-up shall use: its options, else what the running lake uses, else the settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipeline.engines import supervisor
from pipeline.engines.local_services import services_here
from pipeline.host import processes
from pipeline.host.options import SetupOptions
from pipeline.markets import LIVE
from pipeline.settings import Settings, load_settings

T = TypeVar("T")


@dataclass(frozen=True)
class Choices:
    """The settings with this run's market and size, and the services that belong to them.

    `turns_live`: only the live market may be used from now on, and the lake is not running on it yet.
    """

    settings: Settings
    services: tuple[str, ...]
    turns_live: bool = False


@dataclass(frozen=True)
class Running:
    """What the running lake was started with, read from its processes; None is not known."""

    market: str | None = None
    small: bool | None = None
    notebook: bool | None = None
    serving: bool | None = None
    superset: bool | None = None


def choose(options: SetupOptions) -> Choices:
    """Settle what this run uses; the environment of this process is left as it is."""
    before = load_settings()
    now = running(before)
    market = _first(options.market, now.market, before.markets.mode)
    small = _first(options.small, now.small, before.small)
    notebook = _first(options.notebook, now.notebook, True)
    serving = _first(options.serving, now.serving, before.serving.enabled)
    superset = _first(options.superset, now.superset, before.serving.dashboards)
    flags = {"COINLAKE_SMALL": small, "COINLAKE_SERVING": serving, "COINLAKE_SUPERSET": superset}
    chosen = {"COINLAKE_MARKET": market, **{name: str(value).lower() for name, value in flags.items()}}
    settings = load_settings({**os.environ, **chosen})
    turns_live = market == LIVE and now.market != LIVE
    return Choices(settings, services_here(settings, notebook=notebook), turns_live)


def running(settings: Settings) -> Running:
    """Read from the live processes what they were started with; all unknown when nothing runs."""
    daemon = supervisor.client(settings)
    if not daemon.answers():
        return Running()
    states = daemon.states()
    environments = {name: processes.environment(state.pid) for name, state in states.items() if state.pid}
    return Running(
        market=environments.get("scheduler", {}).get("COINLAKE_MARKET"),
        small=_told("COINLAKE_SMALL", environments.values()),
        notebook="notebook" in states,
        serving=_told("COINLAKE_SERVING", environments.values()),
        superset=_told("COINLAKE_SUPERSET", environments.values()),
    )


def _told(flag: str, environments: Iterable[Mapping[str, str]]) -> bool | None:
    """Return what the processes that were told a flag were told; None where none was."""
    told = {environment.get(flag) for environment in environments} - {None}
    return "true" in told if told else None


def _first(given: T | None, live: T | None, default: T) -> T:
    if given is not None:
        return given
    return default if live is None else live
