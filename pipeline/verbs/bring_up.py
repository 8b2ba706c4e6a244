"""Start the services, or adopt the running ones, and wait until each does real work."""

from __future__ import annotations

import time
from pathlib import Path

from pipeline.engines import leftovers, render, supervisor
from pipeline.errors import ServiceError
from pipeline.health import probes
from pipeline.service_main import REFUSING
from pipeline.services import BY_NAME, JARS, readers_of
from pipeline.settings import Settings
from pipeline.verbs.run_config import Choices

LOG_LINES = 15
LOOK_AGAIN_S = 0.25
REFUSED = "refused to run"
SEARCHED_LINES = 100  # of a log: a Spark job prints a few after its refusal


def start(choices: Choices, *, new_jars: bool = False) -> str:
    """Start what does not run, restart what runs with other jars or settings; return in words what was done."""
    settings = choices.settings
    daemon = supervisor.client(settings)
    if not daemon.answers():
        ended = leftovers.stop_leftovers(settings.home)
        supervisor.start_daemon(settings, choices.services)
        told = f"{len(choices.services)} services started"
        return f"{told}; first ended what an earlier run had left: {', '.join(ended.values())}" if ended else told
    changed = {_folder(file, settings) for file in render.render_all(settings, choices.services)}
    taken_over = daemon.apply_changes()
    readers = readers_of(changed | {JARS} if new_jars else changed)
    restarted = [name for name in choices.services if name in readers and name not in taken_over]
    daemon.stop(*restarted)
    idle = [name for name, state in daemon.states().items() if state.state in supervisor.ENDED]
    for name in idle:
        daemon.start(name)
    again = sorted({*taken_over, *idle} & set(choices.services))
    gone = sorted(set(taken_over) - set(choices.services))
    changes = [f"{what}: {', '.join(names)}" for what, names in (("restarted", again), ("stopped", gone)) if names]
    return "; ".join(["services were running", *changes])


def wait_ready(settings: Settings, name: str, within_s: float | None = None) -> None:
    """Return when a service answers a real operation.

    Raises:
        ServiceError: it refused to run, or was not ready in time; with the end of its log and the next step.
    """
    limit = BY_NAME[name].ready_s if within_s is None else within_s
    deadline = time.monotonic() + limit
    while (reason := probes.check(name, settings)) is not None:
        state = supervisor.client(settings).states()[name]
        if state.refused:
            raise ServiceError(_failure(settings, name, REFUSED))
        if state.state == "FATAL":  # its program was never reached and has said nothing itself
            raise ServiceError(_failure(settings, "supervisord", f"could not start {name}"))
        if time.monotonic() > deadline:
            raise ServiceError(_failure(settings, name, f"was not ready within {limit:g} s ({reason})"))
        time.sleep(LOOK_AGAIN_S)


def _folder(file: Path, settings: Settings) -> str:
    return file.relative_to(settings.conf_dir).parts[0]


def refusal(log: Path) -> str | None:
    """Return why a service last refused to run, as its log has it; None where it says nothing of that."""
    reasons = [line.partition(REFUSING)[2] for line in log_tail(log, SEARCHED_LINES) if REFUSING in line]
    return reasons[-1].rstrip(".") if reasons else None


def _failure(settings: Settings, name: str, what: str) -> str:
    log = settings.log_dir / f"{name}.log"
    if what == REFUSED and (reason := refusal(log)):
        return f"{name} {what}: {reason}.\n  Log: {log}. Then rerun the command; it resumes where it stopped."
    tail = log_tail(log)
    shown = "\n".join(f"    {line}" for line in tail) or "    (the log is empty)"
    return (
        f"{name} {what}. The end of {log}:\n{shown}\n"
        f"  Next: fix the cause shown above and rerun the command; it resumes where it stopped."
    )


def log_tail(log: Path, lines: int = LOG_LINES) -> list[str]:
    """Return the last lines of a log; none when there is no log yet."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 400 * lines))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
