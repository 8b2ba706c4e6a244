"""Bring the lake up in containers and prove that it works: the body of `pipeline_setup.sh --docker`.

Only the standard library is used: the machine needs Docker and a Python, the rest is in the images. What needs more,
the proof, runs in the scheduler's container (`pipeline.verbs.prove`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import PreflightError, ServiceError
from pipeline.host import preflight
from pipeline.host.cli import SETUP_GOES_ON, run_verb
from pipeline.host.containers import engine, images
from pipeline.host.containers.compose import (
    HANDED_ON,
    PYTHON_INSIDE,
    TIERS,
    Compose,
    profiles_of,
    project_values,
    write_values,
)
from pipeline.host.options import HistoryFile, SetupOptions, parse_options
from pipeline.host.output_format import stage_line
from pipeline.markets import LIVE
from pipeline.settings import Settings, load_settings
from pipeline.settings.values import flag, read_env_file

READY_S = 600  # on an idle machine a minute
LOOK_AGAIN_S = 0.5
LOG_LINES = 15
PROVE = (PYTHON_INSIDE, "-m", "pipeline.verbs.prove")
MARKET_CHECK = (PYTHON_INSIDE, "-m", "pipeline.verbs.market_check")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the set-up; return 0 only when a polled price has been read back through Presto."""
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    return run_verb("pipeline_setup.sh", lambda: _run_or_refuse(options), SETUP_GOES_ON)


def _run_or_refuse(options: SetupOptions) -> int:
    try:
        return run(load_settings(), options)
    except PreflightError as error:
        preflight.tell(error.faults)
        return 1


def run(settings: Settings, options: SetupOptions) -> int:
    """Go through all stages; return the exit code of the last, the proof."""
    start = time.monotonic()
    compose = Compose(settings.home)
    values = chosen_values(settings, options, compose.values)
    _check(settings, options, compose, profiles_of(values))
    preflight.warn(settings)
    _check_market(compose, values["COINLAKE_MARKET"])
    _remove_tiers(compose, profiles_of(values))
    write_values(compose.env_file, values)
    with _stage() as outcome:
        outcome(_ensure_images(compose, settings.log_dir / "build.log"))
    with _stage() as outcome:
        outcome(_bring_up(compose, settings.log_dir / "up.log"))
    return _prove(compose, options.history, time.monotonic() - start)


def chosen_values(settings: Settings, options: SetupOptions, before: Mapping[str, str]) -> dict[str, str]:
    """Return what the project shall be set up with: the options, else what it was before, else the settings."""
    set_by_hand = {**read_env_file(settings.home / ".env"), **os.environ}
    profile = options.profile or next(iter(profiles_of(before)), "single")
    wanted = _wanted_tiers(settings, options, before)
    tiers = [tier for tier, is_wanted in wanted.items() if is_wanted and wanted["serving"]]
    values = project_values(settings.home, settings.port_base, [profile, *tiers])
    values |= {f"COINLAKE_{tier.upper()}": str(is_wanted).lower() for tier, is_wanted in wanted.items()}
    values["COINLAKE_MARKET"] = options.market or before.get("COINLAKE_MARKET", settings.markets.mode)
    small = before.get("COINLAKE_SMALL") if options.small is None else str(options.small).lower()
    if small or settings.small:
        values["COINLAKE_SMALL"] = small or "true"
    notebooks = before.get("COINLAKE_NOTEBOOKS", "1") if options.notebook is None else str(int(options.notebook))
    values["COINLAKE_NOTEBOOKS"] = notebooks
    return {**values, **{name: set_by_hand[name] for name in HANDED_ON if set_by_hand.get(name)}}


def _wanted_tiers(settings: Settings, options: SetupOptions, before: Mapping[str, str]) -> dict[str, bool]:
    """Return of each tier whether it is wanted; Superset then runs only on top of the servers."""
    former = {tier: flag(before[f"COINLAKE_{tier.upper()}"]) for tier in TIERS if f"COINLAKE_{tier.upper()}" in before}
    serving = former.get("serving", settings.serving.enabled) if options.serving is None else options.serving
    superset = former.get("superset", settings.serving.dashboards) if options.superset is None else options.superset
    return {"serving": serving, "superset": superset}


def _remove_tiers(compose: Compose, profiles: Sequence[str]) -> None:
    """Remove the containers of tiers that shall run no longer, which Compose would leave running; data stays."""
    unwanted = {service for tier, services in TIERS.items() if tier not in profiles for service in services}
    if running := sorted(unwanted & {service.name for service in compose.services()}):
        every = [word for tier in TIERS for word in ("--profile", tier)]
        compose.run(*every, "rm", "--stop", "--force", *running)


def _check(settings: Settings, options: SetupOptions, compose: Compose, profiles: Sequence[str]) -> None:
    """Raise `PreflightError` with every preflight failure."""
    faults = list(preflight.history_faults(settings, options))
    is_up = compose.is_up()
    running = next(iter(profiles_of(compose.values)), profiles[0])
    if is_up and running != profiles[0]:
        faults.append(f"the lake of this home runs with --profile {running}: stop it first (pipeline_down.sh)")
    if not is_up:  # what a running lake uses already is not asked for again
        faults += engine.room_faults(settings, profiles)
    if faults:
        raise PreflightError(faults)


def _check_market(compose: Compose, market: str) -> None:
    """Raise `ServiceError` when a running lake is to be switched to a live market that does not answer."""
    if market != LIVE or compose.values.get("COINLAKE_MARKET") == LIVE or not compose.is_up():
        return
    command = compose.command("exec", "--no-TTY", "scheduler", *MARKET_CHECK)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServiceError(done.stderr.strip())


def _ensure_images(compose: Compose, log: Path) -> str:
    source = images.source_id()
    if images.are_built(compose, source):
        return "images are there"
    images.build(compose, source, log)
    return "images built"


def _bring_up(compose: Compose, log: Path) -> str:
    """Start what does not run, and follow until every service does real work, one line for each."""
    log.parent.mkdir(parents=True, exist_ok=True)
    command = compose.command("up", "--detach", "--wait", "--wait-timeout", str(READY_S), "--remove-orphans")
    told = {service.name for service in compose.services() if service.is_ready}
    start = time.monotonic()
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        while process.poll() is None:
            time.sleep(LOOK_AGAIN_S)
            with suppress(ServiceError):  # a container may go while they are listed; the next look tells
                _tell_ready(compose, told, start)
    if process.returncode != 0:
        raise ServiceError(_failure(compose, log))
    _tell_ready(compose, told, start)
    return f"{len(compose.services())} containers do their work"


def _tell_ready(compose: Compose, told: set[str], start: float) -> None:
    for service in compose.services():
        if service.is_ready and service.name not in told:
            told.add(service.name)
            done = "done" if service.state == "exited" else "ready"
            _say(stage_line(time.monotonic() - start, f"{service.name} is {done}"))


def _failure(compose: Compose, log: Path) -> str:
    waiting = [service.name for service in compose.services() if not service.is_ready]
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    if not waiting:
        return f"the containers could not be started: {' '.join(last)} (all of it: {log})"
    name = waiting[0]
    logged = compose.run("logs", "--no-log-prefix", "--tail", str(LOG_LINES), name).rstrip() or "(nothing)"
    shown = "\n".join(f"    {line}" for line in logged.splitlines())
    told = f"not ready: {', '.join(waiting)} ({' '.join(last)}). The end of what {name} logs:\n{shown}\n"
    return f"{told}  Next: fix the cause shown above and rerun the command; it resumes where it stopped."


def _prove(compose: Compose, history: HistoryFile | None, elapsed_s: float) -> int:
    """Run the end check in the scheduler's container; a history file goes in by its standard input."""
    arguments = ["--elapsed", f"{elapsed_s:.1f}"]
    if history is None:
        return subprocess.run(_exec(compose, arguments), stdin=subprocess.DEVNULL, check=False).returncode
    arguments += ["--history-name", history.path.name, "--history-coin", history.coin]
    with history.path.open("rb") as file:
        return subprocess.run(_exec(compose, arguments), stdin=file, check=False).returncode


def _exec(compose: Compose, arguments: Sequence[str]) -> list[str]:
    return compose.command("exec", "--no-TTY", "scheduler", *PROVE, *arguments)


@contextmanager
def _stage() -> Iterator[Callable[[str], None]]:
    """Time what happens inside; print the words that the yielded function was given."""
    words = [""]
    start = time.monotonic()
    yield lambda outcome: words.__setitem__(0, outcome)
    _say(stage_line(time.monotonic() - start, words[0]))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
