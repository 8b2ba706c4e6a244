"""A file of minute candles replayed at full speed: from the command until every place holds it.

`python -m bench.candles FILE`. The lake must run with its serving tier and hold no candle of the product yet. The
times count from the start of the replay: `silver_s` and `gold_s` until Presto counts every minute there, `all_s` until
PostgreSQL and the bucket have them, too. `again_s` is what a run of the gold jobs
takes with next to nothing to do.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import report, timed_script
from pipeline.presto import Presto
from pipeline.settings import load_settings
from pipeline.tables.gold import BITCOIN_GOLD
from pipeline.tables.model import Table
from pipeline.tables.silver import BITCOIN_DATA

REPLAY = "pipeline/scripts/replay_candles.sh"
BUILD = "pipeline/scripts/build_gold.sh"
LOOK_S = 1.0
LOOK_SHARE = 20
"""A look is followed by a pause of so many times its length: looking must not take the cores from what it watches."""
LONGEST_S = 1800.0


class Arrival:
    """Waits in a thread for a table to hold so many minutes of a product."""

    def __init__(self, presto_url: str, table: Table, product: str, minutes: int) -> None:
        self._presto = Presto(presto_url, source="coinlake-bench")
        self._sql = f"SELECT count(*) FROM {table.full_name} WHERE product_id = '{product}'"
        self._minutes = minutes
        self._started = time.monotonic()
        self.after_s: float | None = None
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        while time.monotonic() - self._started < LONGEST_S:
            asked = time.monotonic()
            if int(self._presto.rows(self._sql)[0][0]) >= self._minutes:
                self.after_s = round(time.monotonic() - self._started, 1)
                return
            time.sleep(max(LOOK_S, LOOK_SHARE * (time.monotonic() - asked)))

    def seconds(self) -> float | None:
        """Return after how many seconds all were there, None if they were not in time."""
        self._thread.join()
        return self.after_s


def measure(replay: Callable[[], float], presto_url: str, product: str, minutes: int) -> dict[str, object]:
    """Replay and watch both tables, then have the gold jobs finish and compare the three places."""
    started = time.monotonic()
    silver, gold = (Arrival(presto_url, table, product, minutes) for table in (BITCOIN_DATA, BITCOIN_GOLD))
    replay_s = replay()
    silver_s = silver.seconds()
    timed_script(BUILD)
    all_s = round(time.monotonic() - started, 1)
    return {
        "minutes": minutes,
        "replay_s": replay_s,
        "silver_s": silver_s,
        "gold_s": gold.seconds(),
        "all_s": all_s,
        "check_s": timed_script(BUILD, "--check"),  # fails where a place differs
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="minute candles, as replay_candles.sh takes them")
    parser.add_argument("--minutes", type=int, required=True, help="how many minutes the file has, each once")
    parser.add_argument("--product", default="BTC-USD")
    given = parser.parse_args()

    def replay() -> float:
        return timed_script(REPLAY, str(given.file), "--max", "--product", given.product)

    found = measure(replay, load_settings().lake.presto_url, given.product, given.minutes)
    report(**found, again_s=timed_script(BUILD))


if __name__ == "__main__":
    main()
