"""Can this machine run the lake? Every fault is one line with its remedy, and all of them are shown at once.

Only the standard library is used: this runs with the system's Python, before anything is installed or started.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from pipeline.errors import PreflightError, SettingsError
from pipeline.host import machine, ports, processes
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
    yield from machine.tool_faults()
    yield from machine.checkout_faults(CHECKOUT)
    yield from machine.home_faults(settings.home)
    yield from machine.disk_faults(settings.home)
    yield from ports.port_faults(settings)
    if processes.supervisord_pid(settings.home) is None:  # what a running lake uses already is not asked for again
        yield from machine.memory_faults(small=settings.small if options.small is None else options.small)


if __name__ == "__main__":
    sys.exit(main())
