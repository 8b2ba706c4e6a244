"""How long a trade takes from the exchange to a Presto answer, at a steady rate, on the running lake.

`python -m bench.trade_latency --rate 1000 --seconds 60`. The lake must run on the simulator, which makes the trades:
its rate is set for the time of the measurement. Everything is on the way: WebSocket, producer, Kafka, Spark, HDFS,
Presto. `staleness_s` is how old the newest trade of an answer is when the answer arrives (one value an answer);
`visible_s` is how long each trade waited for the first answer that holds it, taken at each ms of the run.
`drift_s` is the median staleness of the last third less that of the first: what grows is a lag that never ends.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from bench.latency import SETTLE_S, Answer, ask, now_ms, presto_time
from bench.measure import report, spread
from pipeline.markets import SIMULATOR
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange
from pipeline.tables.silver import FACT_TRADES


def poll(presto: Presto, seconds: float) -> list[Answer]:
    """Ask for the newest trade again and again; each query looks only at trades newer than those it knows."""
    answers: list[Answer] = []
    known_ms = now_ms() - 10_000
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answers.append(ask(presto, FACT_TRADES, "trade_time", f"source = '{SIMULATOR}'", known_ms))
        known_ms = answers[-1].newest_ms
    return answers


def waits(answers: list[Answer]) -> Iterator[float]:
    """Yield for each ms of the run the seconds until the first answer that holds its trades."""
    for before, answer in pairwise(answers):
        for made_ms in range(before.newest_ms + 1, answer.newest_ms + 1):
            yield (answer.arrived_ms - made_ms) / 1000


def count(presto: Presto, start_ms: int, end_ms: int) -> dict[str, int]:
    """Count the trades of a span once they stand still: rows, keys, and how many ids lie between first and last."""
    sql = (
        "SELECT sum(n), sum(keys), sum(ids) FROM (SELECT count(*) n, count(DISTINCT trade_id) keys, "
        f"max(trade_id) - min(trade_id) + 1 ids FROM {FACT_TRADES.full_name} WHERE source = '{SIMULATOR}' AND "
        f"trade_time BETWEEN TIMESTAMP '{presto_time(start_ms)}' AND TIMESTAMP '{presto_time(end_ms)}' "
        "GROUP BY product_id)"
    )
    deadline = time.monotonic() + SETTLE_S
    while True:
        rows, keys, ids = presto.rows(sql)[0]
        if rows == keys == ids or time.monotonic() > deadline:
            return {"trades": ids, "lost": ids - keys, "doubled": rows - keys}
        time.sleep(1)


def drift(staleness: list[float]) -> float:
    """Return by how many seconds the median of the last third exceeds that of the first."""
    third = len(staleness) // 3
    return round(median(staleness[-third:]) - median(staleness[:third]), 3)


def measure(settings: Settings, rate: int, seconds: int, warm_up: int) -> dict[str, object]:
    """Set the rate and poll; the first `warm_up` seconds do not count."""
    presto = Presto(settings.lake.presto_url, source="coinlake-bench")
    with SimulatedExchange.of(settings).rate(rate):
        poll(presto, warm_up)
        start = now_ms()
        answers = poll(presto, seconds)
        end = now_ms()
    staleness = [(answer.arrived_ms - answer.newest_ms) / 1000 for answer in answers]
    return {
        "rate": rate,
        "products": len(settings.markets.products),
        "seconds": seconds,
        "answers": len(answers),
        "staleness_s": spread(staleness),
        "drift_s": drift(staleness),
        "visible_s": spread(waits(answers)),
        "query_s": spread((answer.arrived_ms - answer.asked_ms) / 1000 for answer in answers),
        **count(presto, start, end),
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="trades a second, over all products")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")
    parser.add_argument("--warm-up", type=int, default=30, help="seconds before that, which do not count")
    given = parser.parse_args()
    report(**measure(load_settings(), given.rate, given.seconds, given.warm_up))


if __name__ == "__main__":
    main()
