"""How far gold's tables of coins are: what their newest snapshots say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class DailyProgress:
    """How far `gold.coin_daily` is.

    `revision` numbers its runs, `rebuilt` is the newest one that replaced all rows, `ingested_at` the newest price that
    is in it (naive, UTC), and `simulated` says of each coin whether its simulated prices count.
    """

    revision: int = 0
    rebuilt: int = 0
    ingested_at: datetime | None = None
    simulated: Mapping[str, bool] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the snapshot property's text."""
        newest = None if self.ingested_at is None else self.ingested_at.isoformat()
        return json.dumps([self.revision, self.rebuilt, newest, dict(self.simulated)])

    @classmethod
    def from_json(cls, text: str | None) -> DailyProgress:
        """Read it; None is the beginning."""
        if text is None:
            return cls()
        revision, rebuilt, newest, simulated = json.loads(text)
        return cls(revision, rebuilt, None if newest is None else datetime.fromisoformat(newest), simulated)

    @property
    def simulated_coins(self) -> list[str]:
        """The coins whose simulated prices count."""
        return sorted(coin for coin, is_simulated in self.simulated.items() if is_simulated)
