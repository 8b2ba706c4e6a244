"""Make sure that JupyterLab runs, and print the address of the notebook: the body of `notebook_up.sh`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import quote

from pipeline.engines import supervisor
from pipeline.engines.notebook_copies import SHIPPED, refresh
from pipeline.errors import CoinlakeError, ServiceError
from pipeline.health import probes
from pipeline.host.options import SetupOptions
from pipeline.settings import Settings, load_settings
from pipeline.verbs import bring_up
from pipeline.verbs.run_config import choose

NOTEBOOKS = {  # among the copies in the home
    "prices": "bitcoin-presto.ipynb",
    "trades": "trades.ipynb",
    "forecast": "forecast.ipynb",
    "bitcoin-utils": "bitcoin_utils.ipynb",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Start JupyterLab if need be and print its address; return 1 when there is no lake to look at."""
    parser = argparse.ArgumentParser(prog="notebook_up.sh", usage="see notebook_up.sh --help")
    parser.add_argument("notebook", nargs="?", choices=NOTEBOOKS, default="prices")
    notebook = parser.parse_args(arguments).notebook
    try:
        settings = load_settings()
        ensure_running(settings)
        ensure_copy(settings, notebook)
    except CoinlakeError as error:
        print(f"notebook_up.sh: {error}", file=sys.stderr)  # noqa: T201  # a command line
        return 1
    print(address(settings, notebook))  # noqa: T201
    return 0


def ensure_running(settings: Settings) -> None:
    """Return when JupyterLab answers; a lake that was set up without it gets it now, and all else stays as it is.

    Raises:
        ServiceError: no lake runs here, or JupyterLab did not come up.
    """
    if probes.check("notebook", settings) is None:
        return
    if not supervisor.client(settings).answers():
        raise ServiceError(f"no lake runs in {settings.home}: pipeline/scripts/pipeline_setup.sh starts it")
    bring_up.start(choose(SetupOptions(notebook=True)))
    bring_up.wait_ready(settings, "notebook")


def ensure_copy(settings: Settings, notebook: str) -> None:
    """Return when the home has that notebook: not yet, where JupyterLab has run since before it shipped."""
    if (settings.notebook_dir / NOTEBOOKS[notebook]).exists():
        return
    for line in refresh(SHIPPED, settings.notebook_dir):
        print(f"notebook_up.sh: {line}", file=sys.stderr)  # noqa: T201


def address(settings: Settings, notebook: str = "prices") -> str:
    """Return the URL that opens one of `NOTEBOOKS` in JupyterLab, with the token that lets the user in."""
    token = quote(settings.access.notebook_token.reveal())
    return f"{settings.url('notebook')}/lab/tree/{NOTEBOOKS[notebook]}?token={token}"


if __name__ == "__main__":
    sys.exit(main())
