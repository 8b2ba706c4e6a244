"""The models by target and name, and those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.forecast.arima import Arima
from analysis.forecast.automatic import AutoArima, Ets
from analysis.forecast.baselines import Drift, Naive
from analysis.forecast.boosting import BoostedCalendar, BoostedLags
from analysis.forecast.errors import UnknownModelError
from analysis.forecast.model import Model
from analysis.forecast.volatility import Garch, Har, NaiveVolatility
from pipeline.tables.forecasts import CLOSE_USD, REALISED_VOLATILITY

NAIVE = "naive"
MODELS: Mapping[str, tuple[Model, ...]] = {
    CLOSE_USD: (Naive(), Drift(), Arima(), AutoArima(), Ets(), BoostedLags(), BoostedCalendar()),
    REALISED_VOLATILITY: (NaiveVolatility(), Har(), Garch()),
}
BASELINES = (NAIVE, "drift")
NAMES = tuple(dict.fromkeys(model.name for models in MODELS.values() for model in models))


def chosen(names: Sequence[str]) -> Mapping[str, tuple[Model, ...]]:
    """Return the models of each target that have one of these names, after the target's baselines.

    Raises:
        UnknownModelError: there is no model of one of the names.
    """
    for name in names:
        if name not in NAMES:
            raise UnknownModelError(name, NAMES)
    wanted = {*BASELINES, *names}
    return {target: tuple(model for model in models if model.name in wanted) for target, models in MODELS.items()}
