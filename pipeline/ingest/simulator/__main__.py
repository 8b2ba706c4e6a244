"""Serve the simulated market: python -m pipeline.ingest.simulator [--port PORT] [--seed SEED] [--tier TIER]."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from types import FrameType

import waitress

from pipeline import settings as settings_module
from pipeline.errors import SettingsError
from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.simulator.coingecko_api import TIERS
from pipeline.ingest.simulator.coins import KNOWN

log = logging.getLogger(__name__)

EX_CONFIG = 78  # told to the supervisor: starting again will not help


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = settings_module.load()
    except SettingsError as error:
        log.error("%s", error)
        return EX_CONFIG
    options = _parser(settings.port("simulator")).parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    coins = dict.fromkeys((*KNOWN, *settings.coins))
    app = create_simulator(options.seed, coins=coins, tier=options.tier)
    log.info("simulated market on http://%s:%d/api/v3, seed %d", settings.listen_host, options.port, options.seed)
    waitress.serve(app, host=settings.listen_host, port=options.port, threads=4, ident="coinlake-simulator")
    log.info("stopped")
    return 0


def _parser(port: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline.ingest.simulator", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=port, help="default: the simulator's port of this lake (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same prices (default %(default)s)")
    parser.add_argument("--tier", choices=TIERS, default="pro", help="the kind of key to play (default %(default)s)")
    return parser


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress ends its loop on it, and lets the calls under way finish


if __name__ == "__main__":
    sys.exit(main())
