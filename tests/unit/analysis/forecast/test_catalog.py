"""Which models a list of names means."""

from __future__ import annotations

import pytest

from analysis.forecast.catalog import NAMES, chosen
from analysis.forecast.errors import UnknownModelError
from pipeline.errors import ForecastError


def names(*asked: str) -> dict[str, list[str]]:
    return {target: [model.name for model in models] for target, models in chosen(asked).items()}


def test_all_names_are_all_models_of_both_targets() -> None:
    assert names(*NAMES) == {
        "close_usd": ["naive", "drift", "arima", "auto_arima", "ets", "gbt_lags", "gbt_calendar"],
        "realised_volatility": ["naive", "har", "garch"],
    }


def test_the_baselines_are_always_there() -> None:
    baselines = {"close_usd": ["naive", "drift"], "realised_volatility": ["naive"]}
    assert names() == names("naive") == names("drift") == baselines
    assert names("garch", "ets") == {
        "close_usd": ["naive", "drift", "ets"],
        "realised_volatility": ["naive", "garch"],
    }


def test_an_unknown_name_is_refused_with_those_near_it() -> None:
    with pytest.raises(
        UnknownModelError, match=r"no model 'Arma', did you mean 'arima' or 'garch'\?|'arima'"
    ) as caught:
        chosen(["ets", "Arma"])
    assert "There are naive, drift, arima" in str(caught.value)
    assert isinstance(caught.value, ForecastError)
    with pytest.raises(UnknownModelError, match=r"no model 'prophet'\. There are"):
        chosen(["prophet"])
