"""Which markets are in use, live or simulated: prices and trades each choose for themselves, and it is announced.

`auto` probes the network only at the first start of a home. From then on it keeps that home's last choice, so that a
start without network does not turn a live lake into a simulated one; only COINLAKE_MARKET=live or simulator changes it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import CoinlakeError, RateLimitedError
from pipeline.ingest.http import Parts, RetryPolicy
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.ingest.trades.backfill.rest import TradesRest
from pipeline.markets import LIVE, SIMULATOR, same_server
from pipeline.run_files import Choice, Markets, write_json
from pipeline.settings import Settings

log = logging.getLogger(__name__)

PROBE_S = 5.0  # looking up the name included, which no HTTP client's limit covers
PRICES_S = 15.0  # a whole answer of a slow server
AUTO = "auto"


@dataclass(frozen=True)
class Candidate:
    """One of the two markets to choose: what the settings name, and how to ask whether the live one answers."""

    name: str  # prices or trades
    named: Choice | None  # by the address that the user has set
    probe: Callable[[], None]  # raises SourceError if the live market does not answer


class LastChoices:
    """The choices of the former starts of this home, in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> Choice | None:
        """Return the last choice of a market, as `auto` keeps it; None when there is none."""
        entry = self._read().get(name)
        if not isinstance(entry, dict) or entry.get("market") not in {LIVE, SIMULATOR}:
            return None
        kind = entry["market"]
        return Choice(
            kind,
            AUTO,
            f"auto keeps this home's choice of {entry.get('chosen_at')} ({entry.get('reason')}); "
            f"--market {LIVE if kind == SIMULATOR else SIMULATOR} changes it",
        )

    def keep(self, name: str, choice: Choice) -> None:
        """Write a choice down; one of the same kind keeps its first reason and time."""
        entries = self._read()
        if self.get(name) is not None and entries[name]["market"] == choice.kind:
            return
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        entries[name] = {"market": choice.kind, "reason": choice.reason, "chosen_at": now}
        write_json(self._file, entries)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read (%s): the markets are chosen as at a first start", self._file, error)
            return {}
        return content if isinstance(content, dict) else {}


def choose(settings: Settings) -> Markets:
    """Choose both markets and keep the choices for the next start; only a first start under `auto` asks the network."""
    last = LastChoices(settings.data_dir / "scheduler" / "markets.json")
    both = (prices_candidate(settings), trades_candidate(settings))
    with ThreadPoolExecutor(len(both)) as pool:
        prices, trades = pool.map(lambda one: choose_one(settings, one, last.get(one.name)), both)
    for candidate, choice in zip(both, (prices, trades), strict=True):
        if choice != candidate.named:  # that one is as lasting as the setting
            last.keep(candidate.name, choice)
    return Markets(prices, trades)


def choose_one(settings: Settings, candidate: Candidate, last: Choice | None) -> Choice:
    """Choose one market: what is asked for, what an address names, what was chosen before, else by a probe."""
    settled = settled_choice(settings, candidate)
    if settled is not None:
        return settled
    if last is not None:
        return last
    fault = find_fault(candidate.probe)
    if fault is None:
        return Choice(LIVE, AUTO, f"the live market of {candidate.name} answers")
    return Choice(SIMULATOR, AUTO, f"the live market of {candidate.name} does not answer: {fault}")


def settled_choice(settings: Settings, candidate: Candidate) -> Choice | None:
    """Return what the settings alone decide; None where `auto` has to look further."""
    asked_for = f"COINLAKE_MARKET={settings.markets.mode}"
    if settings.markets.mode == SIMULATOR:
        return Choice(SIMULATOR, settings.markets.mode, asked_for)
    if candidate.named is not None:
        return candidate.named
    return Choice(LIVE, settings.markets.mode, asked_for) if settings.markets.mode == LIVE else None


def prices_candidate(settings: Settings) -> Candidate:
    """Return the market of prices: CoinGecko, or the server that COINGECKO_URL names."""
    url = settings.markets.coingecko_url
    kind = SIMULATOR if url and same_server(url, settings.markets.simulator_url) else LIVE
    named = Choice(kind, settings.markets.mode, f"COINGECKO_URL={url}") if url else None
    return Candidate("prices", named, lambda: _ping_coingecko(settings))


def trades_candidate(settings: Settings) -> Candidate:
    """Return the market of trades: Coinbase Exchange, or the one that COINBASE_WS_URL names."""
    market = settings.markets.exchange.named
    named = None if market is None else Choice(market.kind, settings.markets.mode, f"COINBASE_WS_URL={market.ws_url}")
    return Candidate("trades", named, lambda: _ask_exchange(settings))


def announce(settings: Settings, markets: Markets) -> None:
    """Log which markets are in use, and write run/market.json for the other services."""
    for name, choice in (("prices", markets.prices), ("trades", markets.trades)):
        if choice.kind == SIMULATOR:
            log.warning("=== SIMULATED MARKET: %s are simulated; the source of every row is `%s` ===", name, SIMULATOR)
        log.warning("market of %s: %s (%s)", name, choice.kind, choice.reason)
    markets.write(settings.run_dir)


def find_fault(probe: Callable[[], None], limit_s: float = PROBE_S) -> str | None:
    """Return why a market does not answer, or None; never wait longer than `limit_s`."""
    answer: list[str | None] = []

    def ask() -> None:
        try:
            probe()
        except RateLimitedError:
            answer.append(None)  # it answers, only not now
        except CoinlakeError as error:
            answer.append(str(error))
        else:
            answer.append(None)

    thread = threading.Thread(target=ask, name="market-probe", daemon=True)
    thread.start()
    thread.join(limit_s)
    return answer[0] if answer else f"nothing within {limit_s:g} s"


def live_prices_fault(settings: Settings, limit_s: float = PRICES_S) -> str | None:
    """Return why the live market has no price for us, or None: a price is asked for, as every poll does."""

    def ask() -> None:
        market = CoinGecko(settings, parts=Parts(retry=RetryPolicy(attempts=1)))
        try:
            market.prices(settings.markets.coins)
        finally:
            market.close()

    return find_fault(ask, limit_s)


def _ping_coingecko(settings: Settings) -> None:
    market = CoinGecko(settings, parts=Parts(retry=RetryPolicy(attempts=1)))
    try:
        market.ping()
    finally:
        market.close()


def _ask_exchange(settings: Settings) -> None:
    rest = TradesRest(str(settings.markets.exchange.live.rest_url))
    try:
        rest.ping()
    finally:
        rest.close()
