"""The simulated market's minute candles of a span: a pure function of seed, product and minute, as its prices are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from pipeline.ingest.replay.rows import Place, Rows
from pipeline.ingest.simulator.exchange.quotes import Quotes

BLOCK_MINUTES = 1440
STEP_S = 2  # the price is a straight line between two points
STEPS = 60 // STEP_S
VOLUME_DECIMALS = 8


@dataclass(frozen=True)
class SimulatedRows:
    """The candles from `start` to `end` (whole minutes, aware, UTC; end excluded)."""

    seed: int
    product_id: str
    start: datetime
    end: datetime

    @property
    def total(self) -> int:
        """How many minutes there are."""
        return max(0, int((self.end - self.start).total_seconds()) // 60)

    def blocks(self, place: Place) -> Iterator[Rows]:
        """Yield a day's candles at a time; minute n of the span is row n, counted from 1."""
        quotes = Quotes(self.seed, self.product_id)
        first = int(self.start.timestamp()) // 60
        decimals = quotes.decimals(first * 60_000_000)
        for number in range(place.number, self.total, BLOCK_MINUTES):
            count = min(BLOCK_MINUTES, self.total - number)
            minutes = np.arange(first + number, first + number + count, dtype=np.int64)
            steps = minutes[:, None] * STEPS + np.arange(STEPS + 1)
            prices = quotes.prices(steps.ravel()).reshape(steps.shape)
            columns = (prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1])
            values = tuple(_texts(column, decimals) for column in columns)
            yield Rows(
                Place(number),
                Place(number + count),
                number,
                number + count,
                pa.array(range(number + 1, number + count + 1), pa.int64()),
                _texts(minutes * 60, 0),
                (*values, _texts(quotes.volumes(minutes), VOLUME_DECIMALS)),
            )


def whole_minute(moment: datetime) -> datetime:
    """Return the start of the minute."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _texts(values: np.ndarray, decimals: int) -> pa.StringArray:
    return pa.array([f"{value:.{decimals}f}" for value in values.tolist()], pa.string())
