"""Which exchange the trades come from: what the settings decide alone, else what the scheduler has chosen."""

from __future__ import annotations

import logging
import threading

from pipeline.errors import StoppedError
from pipeline.ingest.market_choice import choose_one, settled_choice, trades_candidate
from pipeline.markets import LIVE, SIMULATOR
from pipeline.run_files import Choice, Markets
from pipeline.settings import Settings
from pipeline.settings.exchange import TradeMarket

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 0.5


def trades_choice(settings: Settings) -> Choice | None:
    """Return the choice for trades; None until the scheduler has chosen under the same COINLAKE_MARKET."""
    settled = settled_choice(settings, trades_candidate(settings))
    if settled is not None:
        return settled
    markets = Markets.read(settings.run_dir)
    if markets is None or markets.trades.setting != settings.markets.mode:
        return None
    return markets.trades if markets.trades.kind in {LIVE, SIMULATOR} else None


def choice_in_use(settings: Settings) -> Choice | None:
    """Return the lake's newest choice for trades, whatever COINLAKE_MARKET says where this is asked; None before one.

    The set-up's `--market` is not in the environment of the commands that follow it.
    """
    markets = Markets.read(settings.run_dir)
    if markets is not None and markets.trades.kind in {LIVE, SIMULATOR}:
        return markets.trades
    return trades_choice(settings)


def wait_for_market(settings: Settings, stop: threading.Event) -> TradeMarket:
    """Return the market in use, once the scheduler has chosen it where the settings do not.

    Raises:
        StoppedError: `stop` was set before.
    """
    told = False
    while (choice := trades_choice(settings)) is None:
        if not told:
            log.info("waiting for the scheduler's choice of a market")
            told = True
        if stop.wait(LOOK_AGAIN_S):
            raise StoppedError("stopped while waiting for the scheduler's choice of a market")
    return _open(settings, choice)


def market_without_a_lake(settings: Settings) -> TradeMarket:
    """Return the market in use, or choose one for this once: nothing is kept."""
    choice = trades_choice(settings) or choose_one(settings, trades_candidate(settings), None)
    return _open(settings, choice)


def _open(settings: Settings, choice: Choice) -> TradeMarket:
    market = settings.markets.exchange.market(choice.kind)
    log.warning("trades come from: %s at %s (%s)", choice.kind, market.ws_url, choice.reason)
    if market.rest_url is None:
        log.warning("gaps are recorded and stay open: set COINBASE_REST_URL to the REST API of %s", market.ws_url)
    return market
