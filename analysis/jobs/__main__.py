"""The command `run_job.sh`: prices, forecast and picture of a coin, here or on Databricks."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from analysis.jobs.errors import LeftoversError
from analysis.jobs.interruption import Interrupted, interruptible
from analysis.jobs.job import Job, Runner
from pipeline.errors import CoinlakeError
from pipeline.settings import CHECKOUT, Settings, load_settings

log = logging.getLogger("analysis.jobs")
NOTEBOOK = CHECKOUT / "analysis" / "notebooks" / "forecast.ipynb"
LOCAL, DATABRICKS = "local", "databricks"
FAILED, LEFT_SOMETHING, BY_A_SIGNAL = 1, 3, 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 (failed), 3 (something is left on Databricks) or 128 + the signal's number."""
    options = parse(arguments)
    set_up_logging()
    start = time.monotonic()
    try:
        with interruptible():
            for file in run(options, load_settings()):
                print(file)  # noqa: T201  # a command line
    except LeftoversError as error:
        log.error("%s", error)
        return LEFT_SOMETHING
    except CoinlakeError as error:
        log.error("%s", error)
        return FAILED
    except Interrupted as error:
        log.error("%s", error)
        return BY_A_SIGNAL + error.number
    log.info("done in %.0f s", time.monotonic() - start)
    return 0


def run(options: argparse.Namespace, settings: Settings) -> list[Path]:
    """Fetch the prices, run the job and draw; return the forecast, the picture and the price file."""
    from analysis.jobs.plot import plot_forecast_data
    from analysis.jobs.price_file import fetch_bitcoin_data
    from analysis.lake import connect

    folder: Path = options.out or settings.home / "jobs" / options.coin
    runner = make_runner(options, settings)
    prices = folder / "prices.csv"
    fetch_bitcoin_data(prices, coin=options.coin, source=options.prices, lake=lambda: connect(settings))
    log.info("prices of %s in %s", options.coin, prices)
    forecast = runner.run(Job(options.notebook, parameters(options), prices, folder))
    picture = plot_forecast_data(prices, forecast, folder / "forecast.png", coin=options.coin)
    return [forecast, picture, prices]


def make_runner(options: argparse.Namespace, settings: Settings) -> Runner:
    """Return the runner that was asked for; only its libraries are imported."""
    if options.on == LOCAL:
        from analysis.jobs.local import LocalRunner

        return LocalRunner(options.run_limit)
    from analysis.jobs.databricks.runner import DatabricksRunner
    from analysis.jobs.databricks.workspace import Limits, connect

    limits = Limits(poll_s=options.poll, cluster_start_s=options.start_limit, run_s=options.run_limit)
    workspace = connect(settings.databricks, limits)
    extra = {"cluster_config": options.cluster_config} if options.cluster_config else {}
    return DatabricksRunner(workspace, settings.databricks.volume, options.compute, limits=limits, **extra)


def parameters(options: argparse.Namespace) -> dict[str, object]:
    """Return the notebook's parameters; those that were not given keep the notebook's own values."""
    named = {"coin": options.coin, "horizon": options.horizon, "origins": options.origins, "models": options.models}
    return {name: value for name, value in named.items() if value is not None} | dict(options.parameter)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; `run_job.sh --help` describes it."""
    parser = argparse.ArgumentParser(prog="run_job.sh", usage="see run_job.sh --help", allow_abbrev=False)
    parser.add_argument("--on", choices=[LOCAL, DATABRICKS], default=LOCAL)
    parser.add_argument("--coin", default="bitcoin")
    parser.add_argument("--horizon", type=int)
    parser.add_argument("--origins", type=int)
    parser.add_argument("--models", type=lambda text: text.split(","))
    parser.add_argument("--parameter", type=_assignment, action="append", default=[])
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK)
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compute", choices=["auto", "cluster", "run", "serverless"], default="auto")
    parser.add_argument("--cluster-config", type=Path)
    parser.add_argument("--start-limit", type=float, default=1200)
    parser.add_argument("--run-limit", type=int, default=3600)
    parser.add_argument("--poll", type=float, default=10)
    return parser.parse_args(arguments)


def set_up_logging() -> None:
    """Log progress to stderr with the time of day in UTC; libraries only warn."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%SZ")
    log.setLevel(logging.INFO)
    logging.getLogger("databricks.sdk").setLevel(logging.ERROR)


def _assignment(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError("NAME=VALUE is expected")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
