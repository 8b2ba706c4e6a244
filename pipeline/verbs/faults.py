"""What keeps the services of this machine from doing their work, in words: the lines of faults of the status."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.engines import supervisor
from pipeline.errors import ServiceError
from pipeline.run_files import Beat
from pipeline.settings import Settings
from pipeline.verbs.bring_up import REFUSED, refusal

SETUP = "pipeline/scripts/pipeline_setup.sh"
ALERTS = "monitor/alerts.sh"


def service_faults(settings: Settings) -> list[str]:
    """Return a line for each service that refused to run or could not be started, and each chore that keeps failing."""
    try:
        states = supervisor.client(settings).states()
    except ServiceError:
        return []
    ended = [fault for state in states.values() if (fault := _end_of(settings, state))]
    spark = states.get("spark")
    return [*ended, *_failing_chores(settings)] if spark and spark.pid else ended


def alarm_faults(settings: Settings) -> list[str]:
    """Return a line for each alarm that is open, and one on messages that were given up, as the notifier reports."""
    beat = Beat.fresh(settings.run_dir, "notifier")
    if beat is None:
        return []
    lines = [f"alarm {alarm_id}: {words}" for alarm_id, words in beat.figures.get("alarms", {}).items()]
    if dead := beat.figures.get("dead"):
        lines.append(
            f"{dead} messages could not be delivered: {ALERTS} list shows why, {ALERTS} retry sends them again"
        )
    return lines


def _end_of(settings: Settings, state: supervisor.ServiceState) -> str | None:
    if state.state == "FATAL":  # its program was never reached and has said nothing itself
        return f"{state.name} could not be started; see {settings.log_dir / 'supervisord.log'}"
    if not state.refused:
        return None
    log = settings.log_dir / f"{state.name}.log"
    reason = refusal(log)
    return f"{state.name} {REFUSED}{f': {reason}' if reason else ''}. Log: {log}. {SETUP} starts it again."


def _failing_chores(settings: Settings) -> Iterator[str]:
    beat = Beat.read(settings.run_dir, "spark")
    failing = beat.figures.get("failing") if beat else None
    for chore, failures in sorted(failing.items() if isinstance(failing, dict) else ()):
        times = "once" if failures == 1 else f"{failures} times in succession"
        yield f"spark: {chore!r} has failed {times}; retried. Log: {settings.log_dir / 'spark.log'}"
