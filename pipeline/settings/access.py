"""Who may call the services: their tokens, the network, and the names that they are called by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.settings import values as parse
from pipeline.settings.values import Reader, Secret

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?")


@dataclass(frozen=True)
class AccessSettings:
    """The tokens, made at the first start, and what else the user says of the callers."""

    api_token: Secret  # of the calls to the scheduler and the simulator that write
    notebook_token: Secret  # of JupyterLab
    private_network: bool  # the user's word that none but machines of the lake reach its addresses
    own_names: tuple[str, ...]  # by which our HTTP services may be called, beside addresses and those of the topology


def read_access(reader: Reader) -> AccessSettings:
    """Read who may call."""
    return AccessSettings(
        api_token=reader.secret("COINLAKE_API_TOKEN"),
        notebook_token=reader.secret("COINLAKE_NOTEBOOK_TOKEN"),
        private_network=reader.get("COINLAKE_PRIVATE_NETWORK", "false", parse.flag),
        own_names=reader.get("COINLAKE_OWN_NAMES", "", _names),
    )


def _names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise ValueError("a comma list of host names, without ports")
    return names
