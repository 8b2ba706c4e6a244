"""Remove the prices that came from one source, so that they can be loaded again: the body of `remove_source.sh`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import RequestError, ServiceError
from pipeline.host.cli import run_verb
from pipeline.presto import Presto
from pipeline.scheduler_api import SchedulerApi
from pipeline.serving.requests import request_name
from pipeline.settings import Settings, load_settings
from pipeline.tickers import coin_named
from pipeline.verbs.console import Stages
from pipeline.verbs.hdfs_folders import folder_names, make_folder
from pipeline.verbs.readback import NEXT_STEP, load_sql
from pipeline.verbs.visibility import wait_for_stream

NAME = "remove_source.sh"
LOOK_AGAIN_S = 0.5
WITHIN_S = 300.0  # the Spark job looks for requests every 5 s; the rest is reading and writing the years concerned
GOES_ON = "interrupted; the same command finishes what was begun"


@dataclass(frozen=True)
class Rows:
    """What the lake holds of a coin from a source."""

    source: str
    coin: str
    count: int
    first: str
    last: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when neither table nor the ledger has the source any more."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(load_settings(), options, Stages()), GOES_ON)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("--source", required=True)
    parser.add_argument("--coin", type=coin_named)
    parser.add_argument("--yes", action="store_true")
    given = parser.parse_args(arguments)
    try:
        request_name(given.source, given.coin)
    except ValueError as error:
        parser.error(str(error))
    return given


def run(settings: Settings, options: argparse.Namespace, stages: Stages) -> int:
    """Show what goes, ask, have it removed, and forget it; return the exit code."""
    source, coin = options.source, options.coin
    api, presto = SchedulerApi(settings), Presto(settings.lake.presto_url, source=NAME)
    check_idle(api, coin)
    with stages.stage("stream") as tell, stages.progress("stream") as advance:
        wait_for_stream(settings, advance, time.monotonic() + WITHIN_S)
        tell("the stream has read all prices that are in Kafka")
    held = held_rows(presto)
    going = [rows for rows in held if rows.source == source and coin in {None, rows.coin}]
    for rows in going:
        stages.say(f"  {rows.coin}: {rows.count:,} rows from {rows.first} to {rows.last}")
    if going and not (options.yes or confirmed(source, going)):
        sys.stderr.write(f"{NAME}: nothing was removed\n")
        return 1
    if going:
        remove(settings, request_name(source, coin), stages)
    forgotten = api.forget(source, coin)
    if not going and not forgotten:
        sources = ", ".join(sorted({rows.source for rows in held})) or "none"
        raise RequestError(
            f"the lake has no prices of {source}{f' for {coin}' if coin else ''}; its sources: {sources}"
        )
    stages.say(f"{source} is removed ({sum(rows.count for rows in going):,} rows) and can be loaded again")
    return 0


def check_idle(api: SchedulerApi, coin: str | None) -> None:
    """Return if no job is filling in a coin concerned.

    Raises:
        RequestError: one is.
    """
    busy = api.busy_coins()
    concerned = busy if coin is None else busy & {coin}
    if concerned:
        raise RequestError(f"the history of {', '.join(sorted(concerned))} is being filled in: wait for it")


def held_rows(presto: Presto) -> list[Rows]:
    """Return what silver holds, for each source and coin."""
    return [Rows(*row) for row in presto.rows(load_sql("source_rows"))]


def confirmed(source: str, going: Sequence[Rows]) -> bool:
    """Ask on the terminal; without one the answer is no."""
    if not sys.stdin.isatty():
        sys.stderr.write(f"{NAME}: there is no terminal to ask on: add --yes\n")
        return False
    count = sum(rows.count for rows in going)
    return input(f"Remove these {count:,} rows of {source} from both price tables? Type yes: ").strip() == "yes"


def remove(settings: Settings, request: str, stages: Stages) -> None:
    """Ask the Spark job, and wait until it is done.

    Raises:
        ServiceError: it was not in time; the request stays, and the job does it when it can.
    """
    with stages.stage("tables") as tell:
        make_folder(settings, f"{settings.lake.removal_requests}/{request}")
        deadline = time.monotonic() + WITHIN_S
        while request in folder_names(settings, settings.lake.removal_requests):
            if time.monotonic() > deadline:
                raise ServiceError(f"the Spark job has not removed the rows after {WITHIN_S:g} s. {NEXT_STEP}")
            time.sleep(LOOK_AGAIN_S)
        tell("the rows are gone from iceberg.silver.coin_prices and hive.crypto.coin_data")


if __name__ == "__main__":
    sys.exit(main())
