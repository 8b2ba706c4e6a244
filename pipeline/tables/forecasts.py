"""Gold: forecasts of coins, and how good they were."""

from __future__ import annotations

from pipeline.tables.model import TIMESTAMP, Column, Table

CLOSE_USD = "close_usd"
REALISED_VOLATILITY = "realised_volatility"

RUN_AND_TARGET = (
    Column("run_id", "string", "the evaluation that the row belongs to", nullable=False),
    Column("created_at", TIMESTAMP, "when that evaluation was made, UTC", nullable=False),
    Column("coin", "string", "CoinGecko id", nullable=False),
    Column("target", "string", "close_usd: USD; realised_volatility: a fraction a day, 0.03 is 3 %", nullable=False),
    Column("model", "string", "the model's name", nullable=False),
)

FORECASTS = Table(
    "iceberg",
    "gold",
    "forecasts",
    columns=(
        *RUN_AND_TARGET,
        Column("origin", "date", "the last day that the model saw, UTC", nullable=False),
        Column("horizon", "int", "days from origin to target_day", nullable=False),
        Column("target_day", "date", "the day that the value is for, UTC", nullable=False),
        Column("value", "double", "the forecast, in the target's unit", nullable=False),
        Column("lower", "double", "lower end of its interval", nullable=False),
        Column("upper", "double", "upper end of its interval", nullable=False),
        Column("level", "double", "share of the outcomes that the interval should hold, such as 0.9", nullable=False),
        Column("actual", "double", "what came; null where it is not known"),
    ),
    key=("run_id", "coin", "target", "model", "origin", "horizon"),
    partitioned_by=("months(created_at)",),
    doc="Forecasts of past days, to be judged by, and of the days after the last price",
)

FORECAST_SCORES = Table(
    "iceberg",
    "gold",
    "forecast_scores",
    columns=(
        *RUN_AND_TARGET,
        Column("horizon", "int", "days ahead of each forecast; scores are means over all of them", nullable=False),
        Column("origins", "int", "number of days from which was forecast", nullable=False),
        Column("mae", "double", "mean absolute error, in the target's unit", nullable=False),
        Column("rmse", "double", "root mean square error, in the target's unit", nullable=False),
        Column("mase", "double", "mean absolute error by the mean absolute change a day before", nullable=False),
        Column("coverage", "double", "share of the outcomes within the interval", nullable=False),
        Column("qlike", "double", "QLIKE of the variances; null for prices"),
        Column("skill", "double", "1 - loss / loss of naive, by MAE or QLIKE; null where naive made no error"),
        Column("skill_lower", "double", "lower end of its 95 % interval by bootstrap"),
        Column("skill_upper", "double", "upper end of it"),
        Column("beats_naive", "boolean", "whether the whole interval is above 0", nullable=False),
        Column("verdict", "string", "beats naive, no better than naive or loses to naive", nullable=False),
    ),
    key=("run_id", "coin", "target", "model"),
    partitioned_by=("months(created_at)",),
    doc="How good each model's forecasts of past days were, against naive",
)
