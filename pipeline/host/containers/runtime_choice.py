"""Which way the lake runs, in containers or natively: `python -m pipeline.host.containers.runtime_choice ARGUMENTS...`.

Prints `docker` or `native` for the arguments of `pipeline_setup.sh`: what they say, else what the home was set up as,
else containers where an engine answers and there is room for them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.errors import CoinlakeError, PreflightError
from pipeline.host import machine, preflight, processes
from pipeline.host.containers import engine
from pipeline.host.containers.compose import Compose
from pipeline.host.options import SetupOptions, parse_options
from pipeline.settings import Settings, load_settings

WRONG_ARGUMENTS = 2  # argparse's own
DOCKER, NATIVE = "docker", "native"
NATIVE_DATA = ("kafka", "namenode")  # a home that has one of these was set up, or restored, natively


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the way; return the exit code: 2 where the history is of a coin that is not configured, 1 for a fault."""
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = load_settings()
        for fault in preflight.history_faults(settings, options):
            print(f"pipeline_setup.sh: error: {fault}", file=sys.stderr)  # noqa: T201
            return WRONG_ARGUMENTS
        print(choose(settings, options))  # noqa: T201
    except PreflightError as error:
        for fault in error.faults:
            print(f"pipeline_setup.sh: {fault}", file=sys.stderr)  # noqa: T201
        return 1
    except CoinlakeError as error:
        print(f"pipeline_setup.sh: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def choose(settings: Settings, options: SetupOptions) -> str:
    """Return the way to go.

    Raises:
        PreflightError: the home's lake runs the other way, or no engine can be used though it was asked for.
    """
    compose = Compose(settings.home)
    way = options.way or (DOCKER if compose.env_file.exists() else _way_of_a_home(settings, options))
    if way == NATIVE and compose.env_file.exists() and compose.is_up():
        raise PreflightError(["the lake of this home runs in containers: stop it first (pipeline_down.sh)"])
    if way == DOCKER and processes.supervisord_pid(settings.home) is not None:
        raise PreflightError(["the lake of this home runs natively: stop it first (pipeline_down.sh)"])
    if way == DOCKER and (fault := engine.engine_fault()):
        raise PreflightError([fault])
    return way


def _way_of_a_home(settings: Settings, options: SetupOptions) -> str:
    if any((settings.data_dir / name).exists() for name in NATIVE_DATA):
        return NATIVE
    free = machine.available_memory() or 0
    wanted = engine.MEMORY_WANTED[options.profile or "single"]
    return DOCKER if engine.engine_fault() is None and free >= wanted else NATIVE


if __name__ == "__main__":
    sys.exit(main())
