"""The outermost lines of every service: logging, signals, and what its exit code tells the supervisor.

Exit codes: 0 stopped by a signal, or done; 78 refused to run, a person has to act first and nothing restarts it;
1 anything else, to be started again.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from pipeline.errors import CoinlakeError, RefusalError, StoppedError
from pipeline.settings import Settings, load_settings

log = logging.getLogger(__name__)

REFUSING = "refusing to run: "  # what the log's line of a refusal begins with; its reason follows

Run = Callable[[Settings, threading.Event], int | None]
"""Runs until the event is set or it is done; returns an exit code, or None for 0."""


def service_main(run: Run, *, quiet: tuple[str, ...] = ()) -> int:
    """Run a service until it ends or a signal comes; return its exit code. `quiet` loggers only warn."""
    set_up_logging(*quiet)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return run(load_settings(), stop) or 0
    except RefusalError as error:
        log.error("%s%s", REFUSING, error)
        return os.EX_CONFIG
    except StoppedError as error:
        log.info("%s", error)
        return 0
    except CoinlakeError as error:
        log.error("%s", error)
        return 1


def set_up_logging(*quiet: str) -> None:
    """Log to stderr, times in UTC; `quiet` loggers, which would log each call or callback, only warn."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=logging.INFO, format="%(asctime)sZ %(levelname)s %(name)s: %(message)s")
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
