"""Accept the loss of records that Kafka deleted before they were read: the body of `skip_lost_offsets.sh`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pipeline.events.trades import RAW_TRADES
from pipeline.host.cli import run_verb
from pipeline.settings import Settings, load_settings
from pipeline.stream.lost_offsets import ACCEPTED_FILE, LOST_FILE, from_json
from pipeline.verbs.confirming import confirmed
from pipeline.verbs.stream_folder import StreamFolder

NAME = "skip_lost_offsets.sh"


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the lost ranges and accept them; return 0 when there is nothing left to accept."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("--yes", action="store_true")
    unasked = parser.parse_args(arguments).yes
    return run_verb(NAME, lambda: run(load_settings(), unasked=unasked), "interrupted; nothing was accepted")


def run(settings: Settings, *, unasked: bool) -> int:
    """Accept what the Spark job found lost, if that is confirmed; return 1 when it was not.

    Raises:
        ServiceError: HDFS does not answer, or there is no checkpoint yet.
    """
    folder = StreamFolder(settings)
    if LOST_FILE not in folder.names():
        print("No record was lost: the Spark job has not refused to start for want of any.")  # noqa: T201
        return 0
    lost = from_json(folder.read(LOST_FILE))
    print("Kafka deleted these records before they were read; they cannot be brought back:")  # noqa: T201
    for each in lost:
        print(f"  {each}")  # noqa: T201
    if not (unasked or confirmed(NAME, "Continue without them?")):
        return 1
    folder.replace(ACCEPTED_FILE, by=LOST_FILE)
    print("Accepted. Next: pipeline/scripts/pipeline_setup.sh starts the Spark job again, behind these records.")  # noqa: T201
    if any(each.topic == RAW_TRADES.name for each in lost):
        print("6 minutes later pipeline/scripts/reopen_gaps.sh fetches the trades that were among them.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
