"""Become JupyterLab: its address and token come from the settings, and the token is seen in no process list.

It works on the user's copies of the notebooks, in the home.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.engines.notebook_copies import SHIPPED, refresh
from pipeline.errors import CoinlakeError
from pipeline.settings import Settings, load_settings

JUPYTER_CONFIG = Path(__file__).with_name("jupyter")  # the defaults of JupyterLab's own settings
IDLE_KERNEL_S = 3600  # a kernel that no tab uses any more holds about 190 MB


def main() -> int:
    """Replace this process by JupyterLab; return an exit code only when that cannot be done."""
    try:
        ours = load_settings()
    except CoinlakeError as error:
        print(f"notebook: {error}", file=sys.stderr)  # noqa: T201
        return os.EX_CONFIG  # a restart would not help
    if not ours.access.notebook_token:  # without one JupyterLab would invent another at each start
        print("notebook: COINLAKE_NOTEBOOK_TOKEN is not set", file=sys.stderr)  # noqa: T201
        return os.EX_CONFIG
    for line in refresh(SHIPPED, ours.notebook_dir):
        print(line, flush=True)  # noqa: T201  # its log
    config_path = os.pathsep.join(filter(None, (str(JUPYTER_CONFIG), os.environ.get("JUPYTER_CONFIG_PATH"))))
    environment = {
        **os.environ,
        "JUPYTER_TOKEN": ours.access.notebook_token.reveal(),
        "JUPYTER_CONFIG_PATH": config_path,
    }
    command = command_line(ours)
    return os.execve(command[0], command, environment)  # noqa: S606  # our own words, and no shell wanted


def command_line(ours: Settings) -> list[str]:
    """Return JupyterLab's command line."""
    options = {
        "ServerApp.ip": ours.listen_host,
        "ServerApp.port": ours.port("notebook"),
        "ServerApp.port_retries": 0,  # another port than the one we tell the user is of no use
        "ServerApp.root_dir": ours.notebook_dir,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "MappingKernelManager.cull_idle_timeout": IDLE_KERNEL_S,
        "MappingKernelManager.cull_interval": IDLE_KERNEL_S // 12,
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]


if __name__ == "__main__":
    sys.exit(main())
