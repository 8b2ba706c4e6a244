"""The lake for analysts: `from analysis import connect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.lake import Lake, connect

__all__ = ["Lake", "connect"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a class or a function
    """Import the module at the first use: pandas takes a second, which the command lines here need not pay."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analysis import lake

    return getattr(lake, name)
