"""What people do about alerts and alarms: the body of `monitor/alerts.sh`.

It works on the outbox's file, whether or not the notifier runs; only a test needs a running one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.notifier.alarms.evaluator import duration, open_alarms
from monitor.notifier.errors import ChannelError, NothingOfThatNameError
from monitor.notifier.events import TEST, Event
from monitor.notifier.outbox import DEAD, RETRY, SENT, Outbox, Recipient, statement
from monitor.notifier.service import NAME
from pipeline.errors import ServiceError
from pipeline.host.cli import run_verb
from pipeline.ingest.store import Value
from pipeline.run_files import Beat
from pipeline.settings import Settings, load_settings

SCRIPT = "alerts.sh"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
SHOWN = 100  # messages
TEST_S = 30.0
LOOK_AGAIN_S = 0.2

Do = Callable[[Outbox, Settings, argparse.Namespace], str]
"""Does what a verb says; returns what to print."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the exit code."""
    options = _parser().parse_args(arguments)
    return run_verb(SCRIPT, lambda: _run(load_settings(), options), "interrupted")


def _run(settings: Settings, options: argparse.Namespace) -> int:
    outbox = Outbox(settings.data_dir, [Recipient(options.channel)] if "channel" in options else [])
    try:
        told = options.do(outbox, settings, options)
    finally:
        outbox.close()
    print(told)  # noqa: T201 - a command line
    return 0


def listed(outbox: Outbox, settings: Settings, options: argparse.Namespace) -> str:
    """Return the state of everything, as text or JSON."""
    now = outbox.now_ms()
    beat = Beat.read(settings.run_dir, NAME)
    found = {
        "channels": list(beat.figures.get("channels", ())) if beat else [],
        "alarms": [vars(alarm) for alarm in open_alarms(outbox)],
        "mutes": [dict(row) for row in outbox.query("mutes", now)],
        "messages": [
            {name: row[name] for name in row.keys() if name != "body"} | {"title": json.loads(row["body"])["title"]}  # noqa: SIM118 - a Row is no mapping
            for row in outbox.query("newest", int(options.all), SHOWN)
        ],
    }
    return json.dumps(found, indent=2) if options.json else "\n".join(_lines(found, now))


def acknowledge(outbox: Outbox, _settings: Settings, options: argparse.Namespace) -> str:
    """Have an open alarm not told again for a while; its end is told all the same."""
    until = outbox.now_ms() + options.ms
    _change(outbox, "acknowledge", (until, options.alarm), f"no alarm {options.alarm} is open")
    return f"{options.alarm} is acknowledged until {_time(until)}"


def mute(outbox: Outbox, _settings: Settings, options: argparse.Namespace) -> str:
    """Send nothing about what fits a pattern for a while."""
    until = outbox.now_ms() + options.ms
    _change(outbox, "mute", (options.pattern, until), "")
    return f"{options.pattern} is muted until {_time(until)}"


def unmute(outbox: Outbox, _settings: Settings, options: argparse.Namespace) -> str:
    """End a mute."""
    _change(outbox, "unmute", (options.pattern,), f"{options.pattern} is not muted")
    return f"{options.pattern} is no longer muted"


def retry(outbox: Outbox, _settings: Settings, options: argparse.Namespace) -> str:
    """Send what was given up again."""
    values = {"now": outbox.now_ms(), "number": options.number}
    which = f"no message {options.number} was given up" if options.number else "no message was given up"
    return f"{_change(outbox, 'revive', values, which)} messages are sent again"


def test(outbox: Outbox, settings: Settings, options: argparse.Namespace) -> str:
    """Have the running notifier send a message, and wait for what becomes of it."""
    beat = Beat.fresh(settings.run_dir, NAME)
    if beat is None:
        raise ServiceError("the notifier does not run: pipeline/scripts/pipeline_setup.sh starts it")
    if options.channel not in beat.figures["channels"]:
        raise NothingOfThatNameError(f"no channel {options.channel}; there are: {', '.join(beat.figures['channels'])}")
    data = {"channel": options.channel}
    event = Event(f"test:{uuid.uuid4()}", TEST, "test", "Coinlake: test", "This channel works.", time.time(), data)
    outbox.put([(event, False)])
    return _outcome(outbox, event.key, options.channel)


def _outcome(outbox: Outbox, key: str, channel: str) -> str:
    deadline = time.monotonic() + TEST_S
    while time.monotonic() < deadline:
        (row,) = outbox.query("delivery", key)
        if row["state"] == SENT:
            return f"{channel} has taken the message"
        if row["state"] in {DEAD, RETRY}:
            raise ChannelError(channel, row["error"])
        time.sleep(LOOK_AGAIN_S)
    raise ChannelError(channel, f"no answer within {TEST_S:g} s")


def _change(outbox: Outbox, name: str, values: Sequence[Value] | Mapping[str, Value], if_none: str) -> int:
    """Run a statement that changes rows; return how many.

    Raises:
        NothingOfThatNameError: it changed none.
    """
    with outbox.store.transaction() as connection:
        changed = connection.execute(statement(name), values).rowcount
    if not changed:
        raise NothingOfThatNameError(f"{if_none}; monitor/{SCRIPT} list shows what there is")
    return changed


def _lines(found: Mapping[str, Any], now: int) -> Iterator[str]:
    yield f"channels: {', '.join(found['channels']) or 'the notifier has not run yet'}"
    for alarm in found["alarms"]:
        acked = f", acknowledged until {_time(alarm['acked_until'])}" if alarm["acked_until"] > now else ""
        yield f"ALARM  {alarm['alarm_id']}: {alarm['words']}; open for {duration(now - alarm['since'])}{acked}"
    for row in found["mutes"]:
        yield f"muted  {row['pattern']} until {_time(row['until'])}"
    for row in found["messages"]:
        error = f": {row['error']} ({row['attempts']} attempts)" if row["error"] else ""
        begin = f"{row['number']:>6}  {_time(row['created_at'])}  {row['state']:<8}{row['channel']}"
        yield f"{begin}  {row['title']}{error}"
    if not found["alarms"] and not found["messages"]:
        yield "no alarm is open, and every message was sent"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _duration(text: str) -> int:
    """Parse a span such as 15m; return milliseconds."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text}: expected 30s, 15m, 2h or 7d")
    return int(found[1]) * UNITS[found[2]] * 1000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=SCRIPT, usage=f"see {SCRIPT} --help", allow_abbrev=False)
    verbs = parser.add_subparsers(required=True)

    def verb(name: str, do: Do) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, usage=f"see {SCRIPT} --help", allow_abbrev=False)
        added.set_defaults(do=do)
        return added

    shows = verb("list", listed)
    shows.add_argument("--all", action="store_true")
    shows.add_argument("--json", action="store_true")
    acks = verb("ack", acknowledge)
    acks.add_argument("alarm")
    acks.add_argument("--for", dest="ms", type=_duration, default="24h")
    mutes = verb("mute", mute)
    mutes.add_argument("pattern")
    mutes.add_argument("--for", dest="ms", type=_duration, required=True)
    verb("unmute", unmute).add_argument("pattern")
    verb("retry", retry).add_argument("number", type=int, nargs="?", default=0)
    verb("test", test).add_argument("channel")
    return parser


if __name__ == "__main__":
    sys.exit(main())
