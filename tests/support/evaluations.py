"""An evaluation of forecasts as the rows of its two tables."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd

from pipeline.tables.model import Table

RUN = "0" * 31 + "a"
SHARED = {"run_id": RUN, "created_at": datetime(2026, 1, 5, 12), "coin": "bitcoin", "target": "close_usd"}
VALUES = {"string": "naive", "int": 3, "double": 0.5, "boolean": False, "date": date(2026, 1, 5)}


def evaluation(table: Table, run: str = RUN) -> pd.DataFrame:
    """Return two rows of a table, of types as pandas has them."""
    row = {column.name: SHARED.get(column.name, VALUES.get(column.type)) for column in table.columns}
    rows = [row | {"run_id": run}, row | {"run_id": run, "model": "drift"}]
    made = pd.DataFrame(rows)
    return made.astype(
        {name: "datetime64[us]" for name in map(str, made.columns) if "day" in name or name in {"origin", "created_at"}}
    )
