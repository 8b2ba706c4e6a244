"""Run the notifier: python -m monitor.notifier."""

from __future__ import annotations

import sqlite3
import sys
import threading

from monitor.notifier.service import NAME, Service
from pipeline.errors import ServiceError
from pipeline.ingest.process_lock import only_one
from pipeline.service_main import service_main
from pipeline.settings import Settings


def main() -> int:
    """Deliver until a signal comes; return the exit code."""
    return service_main(_run, quiet=("httpx", "httpcore"))


def _run(settings: Settings, stop: threading.Event) -> None:
    with only_one(settings.run_dir, NAME):
        try:
            Service(settings, stop).run()
        except sqlite3.OperationalError as error:  # a disk that is full at the start: the next start may find room
            raise ServiceError(f"the outbox cannot be written to: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
