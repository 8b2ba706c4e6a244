"""Fill in the coins' past through the scheduler, and wait until it can be read: the body of `init_coin_data.sh`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import RequestError, ServiceError
from pipeline.host.cli import run_verb
from pipeline.presto import Presto
from pipeline.scheduler_api import JobState, SchedulerApi
from pipeline.settings import Settings, load_settings
from pipeline.tickers import coin_named
from pipeline.verbs.console import Advance, Stages
from pipeline.verbs.visibility import wait_until_visible

NAME = "init_coin_data.sh"
FIRST_DAY = "2013-01-01"
LOOK_AGAIN_S = 0.2
PATIENCE_S = 60.0  # a scheduler that is restarted resumes the job
GOES_ON = "interrupted; the scheduler works on, and the same command follows it again"


@dataclass(frozen=True)
class Ticket:
    """A job that the scheduler has accepted."""

    coin: str
    job_id: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when all jobs are done and their rows are visible, 1 otherwise."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    return run_verb(NAME, lambda: run(load_settings(), options, Stages()), GOES_ON)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a fault in it ends the program with exit code 2 and one line."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("coins", nargs="*", type=coin_named)
    parser.add_argument("--from", dest="first", default=FIRST_DAY)
    parser.add_argument("--to", dest="last")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--coin", type=coin_named)
    parser.add_argument("--no-wait", dest="wait", action="store_false")
    given = parser.parse_args(arguments)
    if given.csv is None and given.coin is not None:
        parser.error("--coin belongs to --csv; without a file the coins are plain words")
    if given.csv is not None:
        if given.coin is None:
            parser.error("--csv needs --coin COIN: the file does not say whose prices it holds")
        if given.coins or given.last or given.first != FIRST_DAY:
            parser.error("--csv takes the whole file, of one coin: leave out other coins, --from and --to")
        if not given.csv.is_file():
            parser.error(f"{given.csv} is no file that can be read")
    return given


def run(settings: Settings, options: argparse.Namespace, stages: Stages) -> int:
    """Order the jobs, follow them, and wait for the rows; return the exit code."""
    api = SchedulerApi(settings)
    tickets, refused = order_jobs(api, settings, options)
    done = [ticket.coin for ticket in tickets if follow(api, ticket, stages)]
    if done and options.wait:
        wait_for_rows(settings, done, stages)
    return 0 if len(done) == len(tickets) and not refused else 1


def order_jobs(api: SchedulerApi, settings: Settings, options: argparse.Namespace) -> tuple[list[Ticket], int]:
    """Give the scheduler its orders; return the accepted ones, and how many it refused, which is reported.

    Raises:
        ServiceError: the scheduler does not answer.
    """
    orders = {coin: _order(api, coin, options) for coin in _coins(settings, options)}
    tickets, refused = [], 0
    for coin, order in orders.items():
        try:
            tickets.append(Ticket(coin, order()))
        except RequestError as error:
            refused += 1
            _complain(str(error))
        except ServiceError as error:
            log = settings.log_dir / "scheduler.log"
            remedy = f"pipeline/scripts/pipeline_setup.sh starts it; {log} says why it stopped"
            raise ServiceError(f"{error}: {remedy}") from error
    return tickets, refused


def follow(api: SchedulerApi, ticket: Ticket, stages: Stages) -> bool:
    """Show a job's progress until it is over; return whether it is done.

    Raises:
        ServiceError: the scheduler stays away.
    """
    with stages.stage(ticket.coin) as tell:
        with stages.progress(ticket.coin) as advance:
            state = _wait(api, ticket.job_id, advance)
        words = f"{ticket.coin}: {state.state}, {state.events} events"
        tell("; ".join(part for part in (words, state.message) if part))
    if state.error:
        _complain(f"{ticket.coin}: {state.error}")
    return state.state == "done"


def wait_for_rows(settings: Settings, coins: Sequence[str], stages: Stages) -> None:
    """Wait until both price tables show all that is in Kafka of these coins.

    Raises:
        ServiceError: they did not in time.
    """
    presto = Presto(settings.lake.presto_url, source=NAME)
    with stages.stage("tables") as tell, stages.progress("tables") as advance:
        rows = wait_until_visible(settings, presto, coins, advance)
        tell(f"tables: all of it can be read, {rows:,} rows of {', '.join(coins)} in hive.crypto.coin_data")


def _coins(settings: Settings, options: argparse.Namespace) -> Sequence[str]:
    return [options.coin] if options.csv else options.coins or settings.markets.coins


def _order(api: SchedulerApi, coin: str, options: argparse.Namespace) -> Callable[[], str]:
    if options.csv:
        return lambda: api.push_csv(options.csv, coin)
    return lambda: api.order_history(coin, options.first, options.last)


def _wait(api: SchedulerApi, job_id: str, advance: Advance) -> JobState:
    heard = time.monotonic()
    while True:
        try:
            state = api.job(job_id)
        except ServiceError:
            if time.monotonic() - heard > PATIENCE_S:
                raise
        else:
            heard = time.monotonic()
            advance(state.done, state.total, f"{state.state}, {state.events} events")
            if state.is_over:
                return state
        time.sleep(LOOK_AGAIN_S)


def _complain(message: str) -> None:
    sys.stderr.write(f"{NAME}: {message}\n")


if __name__ == "__main__":
    sys.exit(main())
