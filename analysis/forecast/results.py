"""Forecasts and scores as the rows of their tables in gold, with the tables' columns, order and types."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.tables.model import TIMESTAMP, Table

PANDAS_TYPES: Mapping[str, str] = {
    "string": "object",
    "int": "int32",
    "double": "float64",
    "boolean": "bool",
    "date": "datetime64[ns]",  # midnights, as `Lake.query` returns days
    TIMESTAMP: "datetime64[us]",
}


@dataclass(frozen=True)
class Run:
    """One evaluation: its id, and when it was made in UTC."""

    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, eq=False)  # frames do not compare to one truth value
class Results:
    """The rows of `gold.forecasts` and of `gold.forecast_scores`."""

    forecasts: pd.DataFrame
    scores: pd.DataFrame

    def to_come(self, target: str) -> pd.DataFrame:
        """Return `day, model, value, lower, upper` of the days after the last price."""
        rows = self.forecasts[self.forecasts["target"] == target]
        newest: pd.DataFrame = rows[rows["origin"] == rows["origin"].max()].rename(columns={"target_day": "day"})
        newest = newest[["day", "model", "value", "lower", "upper"]]
        return newest.reset_index(drop=True)

    def best(self, target: str) -> str:
        """Return the model of the highest skill; naive where none has one above 0."""
        rows = self.scores[self.scores["target"] == target]
        return str(rows["model"].iloc[int(rows["skill"].fillna(0).argmax())])  # naive is the first of equals


def results(run: Run, coin: str, forecasts: pd.DataFrame, scores: pd.DataFrame) -> Results:
    """Return both frames with what all rows of a run share."""
    created_at = run.created_at.astimezone(UTC).replace(tzinfo=None)
    shared: dict[str, Any] = {"run_id": run.run_id, "created_at": created_at, "coin": coin}
    return Results(_rows(forecasts.assign(**shared), FORECASTS), _rows(scores.assign(**shared), FORECAST_SCORES))


def _rows(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    types = {column.name: PANDAS_TYPES[column.type] for column in table.columns}
    return frame[list(types)].astype(types).reset_index(drop=True)
