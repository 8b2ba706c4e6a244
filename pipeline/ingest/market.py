"""Which market is in use, live or the simulator: decided once, at the scheduler's start, and said aloud."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import CoinlakeError, RateLimitedError
from pipeline.ingest.history import ChainLink
from pipeline.ingest.http import Parts, RetryPolicy
from pipeline.ingest.sources.base import LiveSource
from pipeline.ingest.sources.coinbase import CoinbaseCandles
from pipeline.ingest.sources.coingecko import CoinGecko, simulator_url
from pipeline.ingest.sources.coinmetrics import CoinMetrics
from pipeline.settings import Settings

log = logging.getLogger(__name__)

LIVE, SIMULATOR = "live", "simulator"
PROBE_S = 5.0  # looking up the name included, which no HTTP client's limit covers


class Probed(Protocol):
    """A market that can be asked whether it is there."""

    def ping(self) -> str:
        """Return the label of its rows; raise `SourceError` if it does not answer."""
        ...


@dataclass(frozen=True)
class Choice:
    """The market in use, and why."""

    kind: str  # live or simulator
    setting: str  # what COINLAKE_MARKET asked for
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return it as /health and run/market.json show it."""
        return {"market": self.kind, "market_setting": self.setting, "market_reason": self.reason}


@dataclass(frozen=True)
class Market:
    """The chosen market's sources."""

    choice: Choice
    live: LiveSource
    links: tuple[ChainLink, ...]


def choose(settings: Settings, probe: Callable[[Settings], Probed] | None = None, limit_s: float = PROBE_S) -> Choice:
    """Decide between the live markets and the simulator; only `auto` asks the network."""
    if settings.market != "auto":
        return Choice(settings.market, settings.market, f"COINLAKE_MARKET={settings.market}")
    if settings.coingecko_url:
        return Choice(LIVE, "auto", f"COINGECKO_URL={settings.coingecko_url}")
    fault = _fault((probe or _impatient)(settings), limit_s)
    if fault is None:
        return Choice(LIVE, "auto", "the live market answers")
    return Choice(SIMULATOR, "auto", f"the live market does not answer: {fault}")


def open_market(settings: Settings, choice: Choice) -> Market:
    """Return the sources of the chosen market; rows of the simulator are labelled `simulator` by their source."""
    if choice.kind == SIMULATOR:
        simulator = CoinGecko(settings, simulator_url(settings))
        return Market(choice, simulator, (ChainLink(SIMULATOR, simulator),))
    coingecko = CoinGecko(settings)
    # Another server's days are not CoinGecko's: the ledger keeps them apart.
    name = f"{coingecko.name}@{settings.coingecko_url}" if settings.coingecko_url else coingecko.name
    others = (CoinMetrics(settings), CoinbaseCandles(settings))
    return Market(
        choice, coingecko, (ChainLink(name, coingecko), *(ChainLink(source.name, source) for source in others))
    )


def announce(settings: Settings, choice: Choice) -> None:
    """Say which market is in use: in the log, and in run/market.json for whoever asks the lake's state."""
    if choice.kind == SIMULATOR:
        log.warning("=== SIMULATED MARKET: prices are made up, each row's source says `simulator` ===")
    log.warning("market: %s (%s)", choice.kind, choice.reason)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    file = settings.run_dir / "market.json"
    part = file.with_suffix(".part")
    part.write_text(json.dumps(choice.to_json()) + "\n", encoding="utf-8")
    part.replace(file)


def _impatient(settings: Settings) -> Probed:
    return CoinGecko(settings, parts=Parts(retry=RetryPolicy(attempts=1)))


def _fault(market: Probed, limit_s: float) -> str | None:
    """Return why the market does not answer, or None; never wait longer than `limit_s`."""
    answer: list[str | None] = []

    def ask() -> None:
        try:
            market.ping()
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
