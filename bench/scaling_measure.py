"""What a running lake's services cost at a rate of trades: `python -m bench.scaling_measure --rate 1000 > 1000.json`.

The lake must run on the simulator, which makes the trades: its rate is set for the time of the measurement. After a
warm-up, in which the JVMs compile, the window's processor time by service, records, bytes, rows, files and commits are
printed as JSON. The window should hold whole compactions: 200 s at a batch of trades a second.

`--fit FILE.json ...` makes of three such files or more the costs that `python -m bench.scaling` computes with. What
stored rows and queries cost is measured on the lake as it then is, so do it before that is taken down.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import psutil

from bench.memory import service_pids
from bench.scaling.contents import gains, read_contents
from bench.scaling.costs import Costs
from bench.scaling.fit import fit_cores, fit_counts
from bench.scaling.measurement import Measurement, read_measurements
from bench.scaling.processes import SparkClock, cpu_seconds, difference, machine_seconds, resident_mb
from bench.scaling.scan import query_costs, stored
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.silver import FACT_TRADES

LOOK_S = 5.0


def measure(settings: Settings, rate: int, seconds: float, warm_up: float) -> Measurement:
    """Set the rate, let it settle, and measure one window."""
    with SimulatedExchange.of(settings).rate(rate):
        time.sleep(warm_up)
        pids = service_pids(settings)
        start, before = time.monotonic(), read_contents(settings)
        spent = watch(settings, pids, seconds)
        span_s, after = time.monotonic() - start, read_contents(settings)
    return Measurement(
        rate=rate,
        products=len(settings.markets.products),
        cores=psutil.cpu_count() or 1,
        warm_up_s=warm_up,
        span_s=round(span_s, 3),
        **spent,
        **gains(after, before),
    )


def watch(settings: Settings, pids: dict[str, int], seconds: float) -> dict[str, Any]:
    """Return what the services spent in the next `seconds`, under the names that `Measurement` has for it."""
    spark = SparkClock(pids["spark"])
    made, start = SimulatedExchange.of(settings).made(), time.monotonic()
    before, before_spark = cpu_times(pids), spark.seconds()
    before_busy, before_all = machine_seconds()
    while (left := start + seconds - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_S))
        spark.look()
    busy, whole = machine_seconds()
    return {
        "trades": SimulatedExchange.of(settings).made() - made,
        "cpu_s": difference(cpu_times(pids), before),
        "spark_cpu_s": difference(spark.seconds(), before_spark),
        "seconds": round(time.monotonic() - start, 3),
        "busy": round((busy - before_busy) / (whole - before_all), 3),
        "rss_mb": {name: resident_mb(pid) for name, pid in pids.items()},
    }


def cpu_times(pids: dict[str, int]) -> dict[str, float]:
    """Return each service's processor time so far, in seconds."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def make_costs(settings: Settings, files: list[Path]) -> Costs:
    """Return the costs that the windows show, and those of queries and stored rows on the lake as it is now."""
    runs = read_measurements(files)
    last = runs[-1]
    return Costs(
        where=f"{last.cores} cores, {last.products} products, windows of {last.seconds:.0f} s",
        windows=tuple(
            f"{run.events_per_s:.0f} events/s, {run.batches_per_s:.2f} batches/s, machine {run.busy:.0%} busy"
            for run in runs
        ),
        cores=fit_cores(runs),
        rss_mb=last.rss_mb,
        counts=fit_counts(runs),
        bronze=stored(settings, BRONZE_EVENTS),
        trades=stored(settings, FACT_TRADES),
        queries=query_costs(settings, service_pids(settings)["presto"]),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="trades a second, over all products")
    parser.add_argument("--seconds", type=float, default=200, help="how long to measure")
    parser.add_argument("--warm-up", type=float, default=120, help="seconds before that, which do not count")
    parser.add_argument("--fit", type=Path, nargs="+", metavar="FILE", help="make costs of such windows, three or more")
    given = parser.parse_args()
    settings = load_settings()
    if given.fit:
        print(make_costs(settings, given.fit).to_json())
    else:
        print(measure(settings, given.rate, given.seconds, given.warm_up).to_json())


if __name__ == "__main__":
    main()
