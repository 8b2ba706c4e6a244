"""The end of a set-up in containers: announce the market, take a history in, read a price back through Presto.

`python -m pipeline.verbs.prove` runs in the scheduler's container, where all the packages are.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import CoinlakeError
from pipeline.host.options import HistoryFile
from pipeline.services import SERVICES
from pipeline.settings import Settings, load_settings
from pipeline.verbs.console import Stages
from pipeline.verbs.run_config import Choices
from pipeline.verbs.setup import prove


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof; return 0 only when a polled price has been read back through Presto."""
    parser = argparse.ArgumentParser(prog="pipeline_setup.sh")
    parser.add_argument("--elapsed", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--history-name", metavar="FILE.csv")
    parser.add_argument("--history-coin", metavar="COIN")
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        choices = Choices(settings, SERVICES)
        with _history(settings, given.history_name, given.history_coin) as history:
            prove(choices, history, Stages(elapsed_s=given.elapsed))
    except CoinlakeError as error:
        print(f"pipeline_setup.sh: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


@contextmanager
def _history(settings: Settings, name: str | None, coin: str | None) -> Iterator[HistoryFile | None]:
    """Keep the file that comes by standard input, under its own name, until the scheduler has it."""
    if name is None or coin is None:
        yield None
        return
    # On the scheduler's volume: the container's other places are in its memory.
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        file = Path(folder) / Path(name).name
        with file.open("wb") as target:
            shutil.copyfileobj(sys.stdin.buffer, target)
        yield HistoryFile(file, coin)


if __name__ == "__main__":
    sys.exit(main())
