"""What opens the doors: the tokens of the services that ask for one."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.settings.values import Reader, Secret


@dataclass(frozen=True)
class AccessSettings:
    """The tokens, made at the first start."""

    api_token: Secret  # of the scheduler's writing calls
    notebook_token: Secret  # of JupyterLab


def read_access(reader: Reader) -> AccessSettings:
    """Read the tokens."""
    return AccessSettings(
        api_token=reader.secret("COINLAKE_API_TOKEN"),
        notebook_token=reader.secret("COINLAKE_NOTEBOOK_TOKEN"),
    )
