"""Make what the serving tier's PostgreSQL and bucket must hold, once they answer; at each start of our own servers.

`python -m pipeline.serving.set_up postgres|bucket [--timeout SECONDS] [--beside PID]`
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping

from pipeline.errors import CoinlakeError, ServiceError, StoppedError
from pipeline.host import processes
from pipeline.service_main import set_up_logging
from pipeline.serving import bucket_setup, database_setup
from pipeline.settings import Settings, load_settings

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 0.25
Step = Callable[[Settings], list[str]]
STEPS: Mapping[str, Step] = {
    "postgres": database_setup.ensure,
    "bucket": bucket_setup.ensure,
}


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.serving.set_up", description=__doc__)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--timeout", type=float, default=0, metavar="SECONDS", help="try for so long")
    parser.add_argument("--beside", type=int, metavar="PID", help="give up when this process, the server, has ended")
    given = parser.parse_args()
    set_up_logging()
    try:
        made = until_done(STEPS[given.step], load_settings(), given.timeout, given.beside)
    except StoppedError:
        return 0
    except CoinlakeError as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:  # the service beside it was stopped
        return 1
    log.info("%s: %s", given.step, f"made {', '.join(made)}" if made else "all is there")
    return 0


def until_done(step: Step, settings: Settings, within_s: float, beside: int | None = None) -> list[str]:
    """Try until it succeeds; return what it made.

    Raises:
        ServiceError: it did not within the time; the last of its errors.
        StoppedError: the process `beside` it has ended, and whoever starts that again starts this one, too.
    """
    deadline = time.monotonic() + within_s
    while True:
        if beside is not None and not processes.is_alive(beside):
            raise StoppedError(f"process {beside} has ended")
        try:
            return step(settings)
        except ServiceError:
            if time.monotonic() > deadline:
                raise
        time.sleep(LOOK_AGAIN_S)


if __name__ == "__main__":
    sys.exit(main())
