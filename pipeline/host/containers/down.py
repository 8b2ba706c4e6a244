"""Stop the containers of a home, and on request delete their volumes: the body of `pipeline_down.sh` under Docker."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from pipeline.errors import ServiceError
from pipeline.host.cli import DOWN_GOES_ON, parse_down, run_verb
from pipeline.host.containers.compose import PROFILES, TIERS, Compose
from pipeline.host.output_format import stage_line
from pipeline.settings import load_settings

STOP_S = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Stop everything that this home's set-up started; return 0 when nothing of it runs any more."""
    given = parse_down(arguments)
    return run_verb("pipeline_down.sh", lambda: run(with_purge=given.purge, unasked=given.yes), DOWN_GOES_ON)


def run(*, with_purge: bool, unasked: bool) -> int:
    """Stop, and purge if that is wanted and confirmed; return 1 when it was not."""
    compose = Compose(load_settings().home)
    if with_purge and not (unasked or _confirmed(compose)):
        print("pipeline_down.sh: nothing was stopped or deleted", file=sys.stderr)  # noqa: T201
        return 1
    stop(compose, purge=with_purge)
    return 0


def stop(compose: Compose, *, purge: bool) -> None:
    """Stop and remove the containers and their network; with `purge` their volumes and the project's settings, too.

    Raises:
        ServiceError: Docker did not do so.
    """
    start = time.monotonic()
    running = sum(service.state == "running" for service in compose.services())
    profiles = [word for profile in (*PROFILES, *TIERS) for word in ("--profile", profile)]
    compose.run(*profiles, "down", "--remove-orphans", *(["--volumes"] if purge else []), within_s=STOP_S)
    if compose.services():
        raise ServiceError("some containers are still there; see docker ps")
    told = f"{running} containers stopped" if running else "nothing was running"
    _say(stage_line(time.monotonic() - start, told))
    if purge:
        compose.env_file.unlink()
        _say("the volumes are deleted; the images stay: docker image rm $(docker image ls -q 'coinlake/*')")


def _confirmed(compose: Compose) -> bool:
    filters = f"label=com.docker.compose.project={compose.values['COMPOSE_PROJECT_NAME']}"
    listed = subprocess.run(
        ["docker", "volume", "ls", "--quiet", "--filter", filters], capture_output=True, text=True, check=False
    )
    _say("This deletes the volumes, all tables, topics, trades and secrets in them:")
    for name in listed.stdout.split():
        _say(f"  {name}")
    if not sys.stdin.isatty():
        print("pipeline_down.sh: --purge asks on a terminal; elsewhere add --yes", file=sys.stderr)  # noqa: T201
        return False
    return input("Delete them for good? [y/N] ").strip().lower() in {"y", "yes"}


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
