"""How long a coin's history since 2013 takes, from the command until Presto counts every row.

`python -m bench.history --coin litecoin`. A history that is there already adds nothing: name a coin that has none.
"""

from __future__ import annotations

import argparse
import time

from bench.measure import report, timed_script
from pipeline.presto import Presto
from pipeline.settings import load_settings
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.silver import COIN_PRICES

INIT = "pipeline/init/init_coin_data.sh"
QUIET_S = 3.0  # no new row for so long means that all have come
DAY_AND_OLDER = "event_time < current_date"  # leaves the live prices out, which come in meanwhile


class Count:
    """Counts a coin's past days in one table, and remembers when the number last grew."""

    def __init__(self, presto: Presto, table: str, coin: str) -> None:
        self.table = table
        self._presto = presto
        self._sql = f"SELECT count(*) FROM {table} WHERE coin = '{coin}' AND {DAY_AND_OLDER}"
        self.before = self.rows = self._ask()
        self.grew_at = time.monotonic()

    @property
    def is_coming(self) -> bool:
        """Whether more rows are to be expected: none has come yet, or the last one only now."""
        return self.rows == self.before or time.monotonic() - self.grew_at < QUIET_S

    def look(self) -> None:
        """Count again."""
        rows = self._ask()
        if rows != self.rows:
            self.rows, self.grew_at = rows, time.monotonic()

    def _ask(self) -> int:
        return int(self._presto.rows(self._sql)[0][0])


def measure(presto: Presto, coin: str) -> dict[str, object]:
    """Push the history and watch both tables until no more rows come."""
    silver, published = counts = [Count(presto, table.full_name, coin) for table in (COIN_PRICES, COIN_DATA)]
    started = time.monotonic()
    command_s = timed_script(INIT, coin, "--no-wait")  # the tables are watched below
    while silver.is_coming or published.rows != silver.rows:
        for count in counts:
            count.look()
        time.sleep(0.1)
    return {
        "coin": coin,
        "command_s": command_s,
        "tables": {
            count.table: {"rows": count.rows - count.before, "all_visible_s": round(count.grew_at - started, 2)}
            for count in counts
        },
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coin", default="bitcoin", help="CoinGecko id; one whose history the lake has not yet")
    settings = load_settings()
    coin = parser.parse_args().coin
    if coin not in settings.markets.coins:
        parser.error(f"{coin} is not in COINS: {', '.join(settings.markets.coins)}")
    report(**measure(Presto(settings.lake.presto_url, source="coinlake-bench"), coin))


if __name__ == "__main__":
    main()
