"""Show what a function returns, where there is somebody to see it."""

from __future__ import annotations

from pyspark.sql import DataFrame

SHOWN_ROWS = 5


def show(made: object) -> None:
    """Display an object below the notebook's cell, of a Spark frame its first rows; outside of IPython do nothing."""
    from IPython.core.display_functions import display
    from IPython.core.getipython import get_ipython

    if get_ipython() is not None:
        shown = made.limit(SHOWN_ROWS).toPandas() if isinstance(made, DataFrame) else made
        display(shown)  # type: ignore[no-untyped-call]  # IPython types few of its functions
