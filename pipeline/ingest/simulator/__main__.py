"""Serve the simulated market and exchange: python -m pipeline.ingest.simulator [--seed SEED] [--trade-rate RATE] ..."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from types import FrameType

import waitress

from pipeline.errors import RequestError, ServiceError, SettingsError
from pipeline.ingest.guard import guard
from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.simulator.coingecko_api import TIERS
from pipeline.ingest.simulator.coins import KNOWN
from pipeline.ingest.simulator.exchange.feed_server import FeedServer
from pipeline.ingest.simulator.exchange.injected import Injected
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.mischief import PLANNED, Mischief, Plan
from pipeline.ingest.simulator.exchange.session import Feed
from pipeline.ingest.simulator.exchange.state_file import DEFAULT_SEED, exchange_file
from pipeline.service_main import set_up_logging
from pipeline.settings import Settings, load_settings

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20  # bytes


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    set_up_logging()
    try:
        settings = load_settings()
    except SettingsError as error:
        log.error("%s", error)
        return os.EX_CONFIG
    options = _parser(settings).parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    coins = dict.fromkeys((*KNOWN, *settings.markets.coins))
    feed = open_exchange(settings, options)
    feed_server = FeedServer(feed, settings.listen_host, options.feed_port)
    app = create_simulator(options.seed, coins=coins, tier=options.tier, feed=feed)
    guard(app, settings)
    log.info("simulated market on http://%s:%d/api/v3, seed %d", settings.listen_host, options.port, options.seed)
    log.info("simulated trades on ws://%s:%d, %g/s", settings.listen_host, options.feed_port, options.trade_rate)
    try:
        feed_server.start()
        server = {"host": settings.listen_host, "port": options.port, "max_request_body_size": MAX_BODY}
        waitress.serve(app, threads=4, ident="coinlake-simulator", **server)
    except ServiceError as error:
        log.error("%s", error)
        return 1
    finally:
        feed_server.stop()
        feed.exchange.close()
    log.info("stopped")
    return 0


def open_exchange(settings: Settings, options: argparse.Namespace) -> Feed:
    """Return the exchange of the settings' products, already trading; it resumes where its last run ended."""
    exchange = Exchange(options.seed, settings.markets.products, file=exchange_file(settings.data_dir))
    exchange.set_rate(options.trade_rate, options.trades)
    return Feed(exchange, Mischief(options.seed, options.mischief), Injected())


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline.ingest.simulator", description=__doc__)
    number, plan = "default: the simulator's port of this lake (%(default)s)", "KIND=SHARE,..."
    parser.add_argument("--port", type=int, default=settings.port("simulator"), help=number)
    parser.add_argument(
        "--feed-port", type=int, default=settings.port("simulator_feed"), help=f"of the trades; {number}"
    )
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="the same seed gives the same prices (default %(default)s)"
    )
    parser.add_argument("--tier", choices=TIERS, default="pro", help="the kind of key to play (default %(default)s)")
    parser.add_argument("--trade-rate", type=_rate, default=5, help="trades/s over all products (default %(default)s)")
    parser.add_argument("--trades", type=int, help="stop trading after so many (default: never)")
    parser.add_argument("--mischief", type=_plan, metavar=plan, help=f"share of trades that meet {', '.join(PLANNED)}")
    return parser


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 100_000:
        raise argparse.ArgumentTypeError("a rate is from 0 to 100000")
    return rate


def _plan(text: str) -> Plan:
    """Read a plan such as drop=0.001,repeat=0.001."""
    pairs = (part.partition("=") for part in text.split(","))
    try:
        return Plan.of({kind.strip(): float(share) for kind, _, share in pairs})
    except (RequestError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress ends its loop on it, and lets the calls under way finish


if __name__ == "__main__":
    sys.exit(main())
