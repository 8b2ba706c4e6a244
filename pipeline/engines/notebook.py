"""Become JupyterLab: its address and token come from the settings, and the token is seen in no process list."""

from __future__ import annotations

import os
import sys

from pipeline.errors import CoinlakeError
from pipeline.settings import CHECKOUT, Settings, load_settings


def main() -> int:
    """Replace this process by JupyterLab; return an exit code only when that cannot be done."""
    try:
        ours = load_settings()
    except CoinlakeError as error:
        print(f"notebook: {error}", file=sys.stderr)  # noqa: T201
        return os.EX_CONFIG  # a restart would not help
    if not ours.notebook_token:  # without one JupyterLab would invent another at each start
        print("notebook: COINLAKE_NOTEBOOK_TOKEN is not set", file=sys.stderr)  # noqa: T201
        return os.EX_CONFIG
    environment = {**os.environ, "JUPYTER_TOKEN": ours.notebook_token.reveal()}
    command = command_line(ours)
    return os.execve(command[0], command, environment)  # noqa: S606  # our own words, and no shell wanted


def command_line(ours: Settings) -> list[str]:
    """Return JupyterLab's command line."""
    options = {
        "ServerApp.ip": ours.listen_host,
        "ServerApp.port": ours.port("notebook"),
        "ServerApp.port_retries": 0,  # another port than the one we tell the user is of no use
        "ServerApp.root_dir": CHECKOUT,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]


if __name__ == "__main__":
    sys.exit(main())
