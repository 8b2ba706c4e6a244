"""What a run of the set-up shall use: its options, else what the running lake uses, else the settings."""

from __future__ import annotations

import os
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


def choose(options: SetupOptions) -> Choices:
    """Settle what this run uses; the environment of this process is left as it is."""
    before = load_settings()
    now = running(before)
    market = _first(options.market, now.market, before.markets.mode)
    small = _first(options.small, now.small, before.small)
    notebook = _first(options.notebook, now.notebook, True)
    chosen = {"COINLAKE_MARKET": market, "COINLAKE_SMALL": str(small).lower()}
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
    sizes = {environ.get("COINLAKE_SMALL") for environ in environments.values()} - {None}
    return Running(
        market=environments.get("scheduler", {}).get("COINLAKE_MARKET"),
        small="true" in sizes if sizes else None,
        notebook="notebook" in states,
    )


def _first(given: T | None, live: T | None, default: T) -> T:
    if given is not None:
        return given
    return default if live is None else live
