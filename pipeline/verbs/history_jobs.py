"""What `init_coin_data.sh` needs besides curl: `python -m pipeline.verbs.history_jobs COMMAND [WORD...]`.

range FROM TO [COIN...]  the calls of POST /history as a curl config; an empty TO means until now, no COIN means all
csv COIN FILE            the call of POST /history/csv as a curl config
follow ANSWERS           show the progress of the jobs that these answers name until all are over
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:  # httpx and rich take a third of a second, which only `follow` should pay
    from pipeline.scheduler_api import JobState, SchedulerApi
    from pipeline.verbs.console import Advance, Stages

LOOK_AGAIN_S = 0.2
PATIENCE_S = 60.0  # a scheduler that is restarted goes on with the job


@dataclass(frozen=True)
class Ticket:
    """A job that the scheduler has taken on."""

    coin: str
    job_id: str


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    name, *words = arguments
    try:
        return COMMANDS[name](load_settings(), *words)
    except CoinlakeError as error:
        _complain(str(error))
        return 1


def range_calls(settings: Settings, first: str, last: str, *coins: str) -> str:
    """Return one call for each coin; what is wrong in it, the scheduler tells."""
    url = settings.url("scheduler") + "/history"
    bodies = [
        json.dumps({"coin": coin, "from": first, **({"to": last} if last else {})}) for coin in coins or settings.coins
    ]
    return "next\n".join(_call(settings, url, f"data-binary = {_quoted(body)}") for body in bodies)


def csv_call(settings: Settings, coin: str, file: str) -> str:
    """Return the call that sends a file; its name may hold anything."""
    url = f"{settings.url('scheduler')}/history/csv?{urlencode({'coin': coin, 'name': Path(file).name})}"
    return _call(settings, url, f"globoff\nupload-file = {_quoted(file)}")


def read_tickets(answers: str) -> tuple[list[Ticket], list[str]]:
    """Return the jobs that the answers, one JSON a line, name, and what was refused.

    Raises:
        ServiceError: what answered is no scheduler.
    """
    tickets, refusals = [], []
    for line in filter(None, map(str.strip, answers.splitlines())):
        try:
            body = json.loads(line)
            refused = body.get("error")
            if refused is None:
                tickets.append(Ticket(body["coin"], body["job_id"]))
            else:
                refusals.append(str(refused))
        except (ValueError, KeyError, AttributeError):
            raise ServiceError(f"this is no answer of the scheduler: {line[:200]!r}") from None
    return tickets, refusals


def follow(api: SchedulerApi, tickets: Sequence[Ticket], stages: Stages) -> bool:
    """Show each job's progress until it is over; return whether all are done."""
    failed = [ticket for ticket in tickets if not _follow_one(api, ticket, stages)]
    return not failed


def _follow_one(api: SchedulerApi, ticket: Ticket, stages: Stages) -> bool:
    with stages.stage(ticket.coin) as tell:
        with stages.progress(ticket.coin) as advance:
            state = _wait(api, ticket.job_id, advance)
        words = f"{ticket.coin}: {state.state}, {state.events} events"
        tell("; ".join(part for part in (words, state.message) if part))
    if state.error:
        _complain(f"{ticket.coin}: {state.error}")
    return state.state == "done"


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


def _follow(settings: Settings, answers: str) -> int:
    from pipeline.scheduler_api import SchedulerApi
    from pipeline.verbs.console import Stages

    tickets, refusals = read_tickets(answers)
    for refusal in refusals:
        _complain(refusal)
    done = follow(SchedulerApi(settings), tickets, Stages())
    return 0 if done and not refusals else 1


def _call(settings: Settings, url: str, payload: str) -> str:
    """Return one transfer of a curl config; `next` resets options, so each has them all."""
    return f"""url = {_quoted(url)}
request = "POST"
header = {_quoted(f"Authorization: Bearer {settings.api_token.reveal()}")}
{payload}
silent
show-error
noproxy = "*"
connect-timeout = 5
write-out = "\\n"
"""


def _quoted(text: str) -> str:
    """Return the text as curl's config files want it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _complain(message: str) -> None:
    sys.stderr.write(f"init_coin_data.sh: {message}\n")


def _printing(text: Callable[..., str]) -> Callable[..., int]:
    def command(settings: Settings, *words: str) -> int:
        sys.stdout.write(text(settings, *words))
        return 0

    return command


COMMANDS: dict[str, Callable[..., int]] = {
    "range": _printing(range_calls),
    "csv": _printing(csv_call),
    "follow": _follow,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
