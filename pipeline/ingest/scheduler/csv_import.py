"""A CSV file's rows into Kafka, each line once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from pipeline.errors import StoppedError
from pipeline.ingest.scheduler.history import Chain, Outcome
from pipeline.ingest.scheduler.jobs import Order, Progress
from pipeline.ingest.scheduler.ledger import ImportMark
from pipeline.ingest.sources.csv_file import open_csv

log = logging.getLogger(__name__)

BATCH_LINES = 5000  # what a crash makes us publish again at most; 0.1 s of work


def import_csv(chain: Chain, order: Order, path: Path, report: Callable[[Progress], None]) -> Outcome:
    """Publish the lines of a file that were not published before; `report` counts in bytes.

    The ledger knows the file by its content, for each coin apart: the same content under another name is done at once.

    Raises:
        BadDataError: the file is gone or its header is none that we know.
        ServiceError: Kafka did not acknowledge a batch; what was acknowledged before is in the ledger.
        StoppedError: the service is stopping.
    """
    content = order.sha256 or ""
    mark = chain.ledger.imported(content, order.coin)
    file = open_csv(path)
    if mark.finished:
        report(Progress(file.size_bytes, file.size_bytes))
        return Outcome("this file's content was imported before: nothing is new")
    if mark.line:
        log.info("%s: going on after line %d of %s", order.coin, mark.line, order.name)
    starts_anew = not mark.line
    events = rejected = 0
    lines = file.events(order.coin, mark.line)
    while batch := list(islice(lines, BATCH_LINES)):
        if chain.stop.is_set():
            raise StoppedError(f"{order.name}: the service is stopping")
        published = chain.publisher.publish(line.item for line in batch)
        mark = ImportMark(batch[-1].number)
        chain.ledger.add_imported(content, order.coin, mark)
        events += published.events
        rejected += published.dead_letters
        report(Progress(batch[-1].end, file.size_bytes, events, rejected))
    if starts_anew and not events:
        return _nothing_read(chain, order, rejected)
    chain.ledger.add_imported(content, order.coin, ImportMark(mark.line, finished=True))
    report(Progress(file.size_bytes, file.size_bytes, events, rejected))
    return Outcome(f"lines that could not be read: {rejected} (silver.rejected_events has them)" if rejected else None)


def _nothing_read(chain: Chain, order: Order, rejected: int) -> Outcome:
    """Fail the job, and forget the file: sent again, it must not count as imported."""
    chain.ledger.add_imported(order.sha256 or "", order.coin, ImportMark())
    if not rejected:
        return Outcome("the file has no line below its header", failed=True)
    told = f"none of the file's lines could be read ({rejected:,}; silver.rejected_events has them)"
    return Outcome(told, failed=True)
