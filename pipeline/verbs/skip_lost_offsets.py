"""Accept the loss of records that Kafka deleted before they were read: the body of `skip_lost_offsets.sh`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from httpx import Response

from pipeline.errors import ServiceError
from pipeline.events.trades import RAW_TRADES
from pipeline.host.cli import run_verb
from pipeline.own_http import call
from pipeline.settings import Settings, load_settings
from pipeline.stream.lost_offsets import ACCEPTED_FILE, LOST_FILE, LostRange, from_json

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
    lost = folder.lost()
    print("Kafka deleted these records before they were read; they cannot be brought back:")  # noqa: T201
    for each in lost:
        print(f"  {each}")  # noqa: T201
    if not (unasked or _confirmed()):
        return 1
    folder.accept()
    print("Accepted. Next: pipeline/scripts/pipeline_setup.sh starts the Spark job again, behind these records.")  # noqa: T201
    if any(each.topic == RAW_TRADES.name for each in lost):
        print("Then pipeline/scripts/reopen_gaps.sh fetches the trades that were among them.")  # noqa: T201
    return 0


class StreamFolder:
    """The streams' checkpoint folder, reached through the NameNode's HTTP interface."""

    def __init__(self, settings: Settings) -> None:
        self._path = f"{urlsplit(settings.lake.checkpoints).path}/stream"
        self._url = f"{settings.lake.hdfs_http_url}/webhdfs/v1{self._path}"

    def names(self) -> set[str]:
        """Return the names of what the folder holds."""
        listed = self._call("GET", "", op="LISTSTATUS").json()
        return {status["pathSuffix"] for status in listed["FileStatuses"]["FileStatus"]}

    def lost(self) -> list[LostRange]:
        """Return the ranges that the Spark job found lost."""
        place = self._call("GET", f"/{LOST_FILE}", op="OPEN", noredirect="true").json()["Location"]
        return from_json(call("GET", place).text)

    def accept(self) -> None:
        """Rename the file of lost ranges to that of accepted ones."""
        self._call("DELETE", f"/{ACCEPTED_FILE}", op="DELETE")
        target = f"{self._path}/{ACCEPTED_FILE}"
        if not self._call("PUT", f"/{LOST_FILE}", op="RENAME", destination=target).json()["boolean"]:
            raise ServiceError(f"HDFS did not rename {self._path}/{LOST_FILE} to {ACCEPTED_FILE}")

    def _call(self, method: str, name: str, **query: str) -> Response:
        return call(method, f"{self._url}{name}", params={"user.name": "coinlake", **query})


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        print(f"{NAME}: this asks on a terminal; elsewhere add --yes", file=sys.stderr)  # noqa: T201
        return False
    return input("Continue without them? [y/N] ").strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
