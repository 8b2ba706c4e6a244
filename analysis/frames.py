"""Turn rows into pandas columns of the right type: Presto sends decimals and times as text, DuckDB as objects."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

WHOLE_NUMBERS = {"tinyint", "smallint", "integer", "bigint"}
FRACTIONS = {"real", "double"}


def to_frame(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]], *, exact: bool) -> pd.DataFrame:
    """Return the rows as a frame; `columns` are names and Presto's types.

    Decimals become floats, or `decimal.Decimal` with `exact`; timestamps become aware UTC times, dates days without a
    zone, whole numbers pandas' nullable integers; NULL stays missing in all of them.
    """
    series = []
    for position, (name, presto_type) in enumerate(columns):
        values = pd.Series([row[position] for row in rows], dtype=object)
        series.append(_converted(values, presto_type.lower(), exact=exact).rename(name))
    return pd.concat(series, axis=1) if series else pd.DataFrame()


def _converted(values: pd.Series, presto_type: str, *, exact: bool) -> pd.Series:
    if presto_type.startswith("decimal"):
        return values.map(Decimal, na_action="ignore") if exact else values.astype("float64")
    if presto_type.startswith("timestamp"):
        # Our sessions are in UTC: a zone, where the type has one, is always that word.
        return pd.to_datetime(values.map(_without_utc, na_action="ignore"), utc=True, format="ISO8601")
    if presto_type == "date":
        return pd.to_datetime(values, format="%Y-%m-%d")
    if presto_type in WHOLE_NUMBERS:
        return values.astype("Int64")
    if presto_type in FRACTIONS:
        return values.astype("float64")
    return values


def _without_utc(moment: object) -> str:
    return str(moment).removesuffix(" UTC")
