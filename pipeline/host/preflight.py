"""Can this machine run the lake? Every fault is one line with its remedy, and all of them are shown at once.

Only the standard library is used: this runs with the system's Python, before anything is installed or started.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from pipeline.errors import PreflightError, SettingsError
from pipeline.host import exposure, machine, ports, processes
from pipeline.host.options import SetupOptions, parse_options
from pipeline.settings import CHECKOUT, Settings, load_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the set-up's arguments, the settings and the machine; print every fault and return 1 when there is one."""
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = load_settings()
        check(settings, options)
    except SettingsError as error:
        faults = [str(error)]
    except PreflightError as error:
        faults = error.faults
    else:
        warn(settings)
        return 0
    tell(faults)
    return 1


def warn(settings: Settings) -> None:
    """Print what does not keep the lake from starting, but may do so one day."""
    for warning in ports.port_warnings(settings):
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201


def tell(faults: Iterable[str]) -> None:
    """Print the preflight failures."""
    print("This machine cannot run the lake yet; nothing was started:", file=sys.stderr)  # noqa: T201
    for fault in faults:
        print(f"  - {fault}", file=sys.stderr)  # noqa: T201


def check(settings: Settings, options: SetupOptions) -> None:
    """Raise `PreflightError` with every fault of this machine."""
    faults = list(_faults(settings, options))
    if faults:
        raise PreflightError(faults)


def history_faults(settings: Settings, options: SetupOptions) -> Iterator[str]:
    """Yield a line when the history's coin is not among the lake's."""
    if options.history and options.history.coin not in settings.markets.coins:
        listed = ",".join(settings.markets.coins)
        yield (
            f"--history is about {options.history.coin}, which is not in COINS={listed}: add it in the home's .env, "
            "stop the lake with pipeline_down.sh, and run the same command again"
        )


def _faults(settings: Settings, options: SetupOptions) -> Iterator[str]:
    yield from history_faults(settings, options)
    yield from map(str, exposure.exposures(settings))
    yield from machine.tool_faults()
    yield from machine.checkout_faults(CHECKOUT)
    yield from machine.home_faults(settings.home)
    memory, disk = serving_needs(settings, options)
    yield from machine.disk_faults(settings.home, extra=disk)
    yield from ports.port_faults(settings)
    if processes.supervisord_pid(settings.home) is None:  # what a running lake uses already is not asked for again
        small = settings.small if options.small is None else options.small
        yield from machine.memory_faults(small=small, extra=memory)


def serving_needs(settings: Settings, options: SetupOptions) -> tuple[float, float]:
    """Return the bytes of memory and of disk that the serving tier takes in this run, beyond the rest of the lake."""
    serving = settings.serving.enabled if options.serving is None else options.serving
    superset = settings.serving.dashboards if options.superset is None else options.superset
    if not serving:
        return 0.0, 0.0
    memory, disk = machine.MEMORY_SERVING, 0.0 if _is_there(settings, "data/serving-postgres") else machine.DISK_SERVING
    if superset:
        memory += machine.MEMORY_SUPERSET
        disk += 0.0 if _is_there(settings, "superset") else machine.DISK_SUPERSET
    return memory, disk


def _is_there(settings: Settings, place: str) -> bool:
    return (settings.home / place).is_dir()


if __name__ == "__main__":
    sys.exit(main())
