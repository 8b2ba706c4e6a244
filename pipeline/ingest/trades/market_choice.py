"""Which market the trades come from: the one that the prices come from."""

from __future__ import annotations

import json

from pipeline.ingest.market import LIVE, SIMULATOR, Choice, choose
from pipeline.settings import Settings


def chosen(settings: Settings) -> Choice | None:
    """Return what the scheduler has chosen under the same setting; None when it has not yet."""
    try:
        told = json.loads((settings.run_dir / "market.json").read_text(encoding="utf-8"))
        choice = Choice(told["market"], told["market_setting"], told["market_reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return choice if choice.setting == settings.market and choice.kind in {LIVE, SIMULATOR} else None


def trade_market(settings: Settings) -> Choice:
    """Return the scheduler's choice, or make the same one."""
    return chosen(settings) or choose(settings)
