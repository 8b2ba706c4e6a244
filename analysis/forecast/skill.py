"""Whether a model is better than naive: one minus the ratio of their mean losses, with a bootstrapped interval.

Losses of neighbouring origins resemble each other, so whole blocks of origins are drawn (moving-block bootstrap).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.forecast.model import Vector

BEATS, NO_BETTER, LOSES = "beats naive", "no better than naive", "loses to naive"
SHARE = 0.95  # of the bootstrapped skills that the interval holds
DRAWS = 2000
DIGITS = 9  # an ARIMA(0,1,0) is naive but for the noise of its logarithms, which is no verdict


@dataclass(frozen=True)
class Skill:
    """1 is perfect, 0 is as good as naive, below 0 is worse; missing where naive made no error."""

    value: float
    lower: float
    upper: float

    @property
    def beats_naive(self) -> bool:
        """Whether the interval lies above 0."""
        return self.lower > 0

    @property
    def verdict(self) -> str:
        """What may be said of the model."""
        if self.beats_naive:
            return BEATS
        return LOSES if self.upper < 0 else NO_BETTER


def skill(loss: Vector, naive_loss: Vector, block: int, seed: int) -> Skill:
    """Return the skill from the losses of the same origins, in order; `block` of them are drawn together."""
    from arch.bootstrap import MovingBlockBootstrap

    if not naive_loss.any():
        return Skill(math.nan, math.nan, math.nan)
    drawn = MovingBlockBootstrap(block, loss, naive_loss, seed=seed).apply(_skill, DRAWS)
    bounds = np.nanquantile(drawn, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    value, lower, upper = np.round([*_skill(loss, naive_loss), *bounds], DIGITS) + 0.0  # no minus zero
    return Skill(float(value), float(lower), float(upper))


def block_length(origins: int, horizon: int, step: int) -> int:
    """Return the cube root of the number of origins, or as many origins as one horizon spans where that is more."""
    return min(origins, max(round(math.cbrt(origins)), math.ceil(horizon / step)))


def _skill(loss: Vector, naive_loss: Vector) -> Vector:
    naive = naive_loss.mean()
    return np.array([1 - loss.mean() / naive if naive else math.nan])
