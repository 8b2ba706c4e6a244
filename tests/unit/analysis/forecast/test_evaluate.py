"""A whole evaluation: the rows of both tables, what is scored, and verdicts that are known beforehand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.errors import HistoryError
from analysis.forecast.evaluate import Plan, evaluate
from analysis.forecast.results import Results, Run
from pipeline.tables.forecasts import CLOSE_USD, FORECAST_SCORES, FORECASTS, REALISED_VOLATILITY
from tests.support.price_histories import clustered, daily, garch_returns, random_walk, series

RUN = Run("run-1", datetime(2026, 1, 13, 12, tzinfo=UTC))
SMALL = Plan(horizon=3, origins=10, models=("drift", "har"))


def test_the_frames_have_the_tables_columns_and_keys() -> None:
    found = evaluate(series(random_walk(200)), SMALL, RUN)
    for frame, table in ((found.forecasts, FORECASTS), (found.scores, FORECAST_SCORES)):
        assert tuple(frame.columns) == table.column_names
        assert not frame.duplicated(list(table.key)).any()
        must = [column.name for column in table.columns if not column.nullable]
        assert not frame[must].isna().any(axis=None)
        assert set(frame["run_id"]) == {"run-1"}
        assert set(frame["created_at"]) == {pd.Timestamp("2026-01-13 12:00")}


def test_every_origin_has_every_step_and_the_last_one_no_outcome_yet() -> None:
    price = random_walk(200)
    rows = evaluate(series(price), SMALL, RUN).forecasts
    naive = rows[(rows["target"] == CLOSE_USD) & (rows["model"] == "naive")]
    assert len(naive) == (10 + 1) * 3
    assert (naive["target_day"] - naive["origin"]).dt.days.tolist() == naive["horizon"].tolist()
    assert naive["value"].tolist() == price.reindex(naive["origin"]).tolist()
    future = naive["origin"] == price.index[-1]
    assert naive.loc[~future, "actual"].tolist() == price.reindex(naive.loc[~future, "target_day"]).tolist()
    assert future.sum() == 3
    assert naive.loc[future, "actual"].isna().all()


def test_the_scores_follow_from_the_forecasts() -> None:
    found = evaluate(series(random_walk(200)), SMALL, RUN)
    scores = found.scores.set_index(["target", "model"])
    rows = found.forecasts.dropna(subset=["actual"]).groupby(["target", "model"])
    mae = rows[["actual", "value"]].apply(lambda frame: (frame["actual"] - frame["value"]).abs().mean())
    assert scores["mae"].to_dict() == pytest.approx(mae.to_dict())
    close, volatility = scores.loc[CLOSE_USD], scores.loc[REALISED_VOLATILITY]
    assert close.loc["drift", "skill"] == pytest.approx(1 - close.loc["drift", "mae"] / close.loc["naive", "mae"])
    expected = 1 - volatility.loc["har", "qlike"] / volatility.loc["naive", "qlike"]
    assert volatility.loc["har", "skill"] == pytest.approx(expected)
    assert close["qlike"].isna().all()
    assert (scores["origins"] == 10).all()


def test_a_day_without_a_price_is_not_scored() -> None:
    price = random_walk(200)
    gap = price.index[-2]
    rows = evaluate(series(price.drop(gap)), SMALL, RUN).forecasts
    known = rows.dropna(subset=["actual"]).groupby("target")["target_day"].agg(set)
    assert gap not in known[CLOSE_USD]
    assert price.index[-1] in known[CLOSE_USD]
    assert price.index[-1] not in known[REALISED_VOLATILITY]  # its return spans two days


def test_nothing_beats_naive_on_a_random_walk() -> None:
    plan = Plan(horizon=5, origins=20, models=("auto_arima", "ets"))
    scores = evaluate(series(random_walk(300)), plan, RUN).scores
    assert not scores["beats_naive"].any()
    assert scores[scores["model"] == "naive"]["skill_upper"].tolist() == [0, 0]


def test_a_trend_is_won_by_drift_and_lost_by_the_calendar() -> None:
    price = daily(100 * np.exp(0.01 * np.arange(120) + np.random.default_rng(1).normal(0, 0.004, 120)))
    scores = evaluate(series(price), Plan(horizon=5, origins=8, models=("gbt_calendar",)), RUN).scores
    assert scores[scores["target"] == CLOSE_USD].set_index("model")["verdict"].to_dict() == {
        "naive": "no better than naive",
        "drift": "beats naive",
        "gbt_calendar": "loses to naive",
    }


def test_the_days_to_come_follow_the_last_price() -> None:
    rows = evaluate(series(random_walk(200)), SMALL, RUN).to_come(CLOSE_USD)  # up to 2020-07-18
    assert rows.columns.tolist() == ["day", "model", "value", "lower", "upper"]
    assert [f"{day:%m-%d}" for day in rows["day"]] == ["07-19", "07-20", "07-21"] * 2
    assert rows["model"].tolist() == ["naive"] * 3 + ["drift"] * 3


def test_the_best_model_is_that_of_the_highest_skill() -> None:
    rows = [(CLOSE_USD, "naive", 0.0), (CLOSE_USD, "drift", -0.1), (CLOSE_USD, "ets", np.nan)]
    rows += [
        (REALISED_VOLATILITY, "naive", 0.0),
        (REALISED_VOLATILITY, "har", 0.1),
        (REALISED_VOLATILITY, "garch", 0.2),
    ]
    found = Results(pd.DataFrame(), pd.DataFrame(rows, columns=["target", "model", "skill"]))
    assert (found.best(CLOSE_USD), found.best(REALISED_VOLATILITY)) == ("naive", "garch")


def test_volatility_that_clusters_can_be_forecast() -> None:
    plan = Plan(horizon=5, origins=80, models=("har", "garch"), step=5)
    scores = evaluate(series(clustered(1200, seed=3)), plan, RUN).scores.set_index(["target", "model"])
    for model in ("har", "garch"):
        assert scores.loc[(REALISED_VOLATILITY, model), "verdict"] == "beats naive"


def test_volatility_from_within_the_days_takes_the_place_of_daily_returns() -> None:
    price = random_walk(200)
    within = daily(np.abs(garch_returns(200)) + 0.01).drop(pd.Timestamp("2020-07-17"))
    rows = evaluate(series(price), Plan(3, 10, ("har",)), RUN, within).forecasts
    rows = rows[rows["target"] == REALISED_VOLATILITY]
    known = rows.dropna(subset=["actual"]).drop_duplicates("target_day").set_index("target_day")["actual"]
    assert known.to_dict() == within.reindex(known.index).to_dict()
    assert pd.Timestamp("2020-07-17") in set(rows["target_day"])
    assert pd.Timestamp("2020-07-17") not in known.index


def test_a_price_that_never_moves_is_refused() -> None:
    with pytest.raises(HistoryError, match="nothing to forecast"):
        evaluate(series(daily([1.0] * 300)), SMALL, RUN)


def test_two_runs_differ_in_their_ids_alone() -> None:
    coin = series(random_walk(150))
    first, second = (evaluate(coin, SMALL) for _ in range(2))
    assert first.forecasts["run_id"][0] != second.forecasts["run_id"][0]
    for one, other in ((first.forecasts, second.forecasts), (first.scores, second.scores)):
        same = [name for name in one.columns if name not in {"run_id", "created_at"}]
        pd.testing.assert_frame_equal(one[same], other[same], check_exact=True)
