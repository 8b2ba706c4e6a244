"""Have the streams read Kafka from its start: the body of `reread_kafka.sh`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.errors import ServiceError
from pipeline.host.cli import run_verb
from pipeline.run_files import Beat
from pipeline.settings import Settings, load_settings
from pipeline.verbs.confirming import confirmed
from pipeline.verbs.stream_folder import StreamFolder

NAME = "reread_kafka.sh"


def main(arguments: Sequence[str] | None = None) -> int:
    """Move the checkpoint aside, if that is confirmed; return 0 when it was."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("--yes", action="store_true")
    unasked = parser.parse_args(arguments).yes
    return run_verb(NAME, lambda: run(load_settings(), datetime.now(UTC), unasked=unasked), "interrupted")


def run(settings: Settings, now: datetime, *, unasked: bool) -> int:
    """Move the checkpoint aside; return 1 when that was not confirmed.

    Raises:
        ServiceError: the Spark job runs, HDFS does not answer, or there is no checkpoint.
    """
    if beat := Beat.fresh(settings.run_dir, "spark"):
        raise ServiceError(
            f"the Spark job runs, or did {beat.age_s:.0f} s ago: this is for one that refuses its checkpoint"
        )
    folder = StreamFolder(settings)
    folder.names()  # raises where there is none
    print("The streams forget how far they are in Kafka, and read all that it holds from its start.")  # noqa: T201
    print("Rows that the tables hold already are not written twice.")  # noqa: T201
    if not (unasked or confirmed(NAME, "Continue?")):
        return 1
    print(f"The checkpoint is in {folder.move_aside(f'{now:%Y%m%dT%H%M%S}')} now; delete it once all is well.")  # noqa: T201
    print("Next: pipeline/scripts/pipeline_setup.sh starts the Spark job again.")  # noqa: T201
    print("The trade producer fetches trades that only the old Kafka had; prices of that kind are gone.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
