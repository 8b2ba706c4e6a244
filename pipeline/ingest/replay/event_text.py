"""The JSON of many candles at once, from the pieces of one CandleEvent: the event's shape stays stated there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.events.candles import CandleEvent
from pipeline.events.coin_prices import epoch_ms
from pipeline.ingest.replay.rows import NUMBERS, Candles

# Values that no name contains, so that the sample's JSON can be cut where they stand.
SAMPLE_MINUTE = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=2_000_000)
SAMPLE_NUMBERS = {name: Decimal(f"1000000000000000000{number}") for number, name in enumerate(NUMBERS)}


class EventText:
    """Writes the candles of one source and product as `CandleEvent.to_json` does."""

    def __init__(self, source: str, product_id: str) -> None:
        sample = CandleEvent(source, product_id, SAMPLE_MINUTE, **SAMPLE_NUMBERS, is_filled=True).to_json().decode()
        names = {str(epoch_ms(SAMPLE_MINUTE)): "minute", **{str(value): name for name, value in SAMPLE_NUMBERS.items()}}
        body, _, end = sample.rpartition("true")
        parts = re.split("(" + "|".join(names) + ")", body)
        self._parts = [names.get(part, part.encode()) for part in parts]
        self._end = end.encode()

    def values(self, candles: Candles) -> list[bytes]:
        """Return each candle's JSON."""
        columns: dict[str, pa.Array] = dict(zip(NUMBERS, candles.values, strict=True))
        columns["minute"] = pc.cast(pc.multiply(candles.minutes_s, 1000), pa.string())
        pieces = [
            pa.scalar(part, pa.binary()) if isinstance(part, bytes) else columns[part].cast(pa.binary())
            for part in self._parts
        ]
        ends = pc.if_else(candles.is_filled, b"true" + self._end, b"false" + self._end)
        joined: list[bytes] = pc.binary_join_element_wise(*pieces, ends, b"").to_pylist()
        return joined
