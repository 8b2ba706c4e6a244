"""What an idle lake costs: processor time and memory of each service while five products trade once a second each.

`python -m bench.idle --seconds 300`. The lake must run on the simulator, whose rate is set for the time of the
measurement. Processor time counts whole process trees, also of children that have ended meanwhile, such as probes;
`core_pct` is it in per cent of one core. PSS is taken at the end. Results go to `bench/results/idle-*.json`.

What an idle process costs is mostly its wake-ups, and these cost several times as much on one machine as on another.
`wake_up_us` is what one takes here, in a process that does nothing else: compare runs by `core_pct` over it.
"""

from __future__ import annotations

import argparse
import time

from bench.measure import report
from bench.memory import service_pids, total, tree_mb
from bench.results_folder import machine, new_file, save
from bench.scaling.processes import cpu_seconds, difference, machine_seconds
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange

TRADES_PER_PRODUCT = 1  # a second
WAKE_UPS, NAP_S = 5_000, 0.001


def measure(settings: Settings, seconds: float, warm_up: float) -> dict[str, object]:
    """Let the lake idle and return what it took."""
    rate = TRADES_PER_PRODUCT * len(settings.markets.products)
    with SimulatedExchange.of(settings).rate(rate):
        pids = {
            **service_pids(settings),
            "supervisor": int((settings.run_dir / "supervisord.pid").read_text(encoding="utf-8")),
        }
        time.sleep(warm_up)
        start, (busy_before, all_before) = time.monotonic(), machine_seconds()
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        time.sleep(seconds)
        spent = difference({name: cpu_seconds(pid) for name, pid in pids.items()}, before)
        span_s, (busy, whole) = time.monotonic() - start, machine_seconds()
    return {
        **figures(spent, {name: tree_mb(pid) for name, pid in pids.items()}, span_s),
        "trades_per_s": rate,
        "warm_up_s": warm_up,
        "wake_up_us": wake_up_us(),
        "span_s": round(span_s, 1),
        "machine": machine() | {"busy_pct": round(100 * (busy - busy_before) / (whole - all_before), 1)},
    }


def wake_up_us() -> float:
    """Return the processor time that a wake-up of this process takes, in microseconds; it takes 5 s."""
    started = time.process_time()
    for _ in range(WAKE_UPS):
        time.sleep(NAP_S)
    return round(1e6 * (time.process_time() - started) / WAKE_UPS, 1)


def figures(spent: dict[str, float], memory: dict[str, dict[str, int]], span_s: float) -> dict[str, object]:
    """Return each service's figures and their sums; `spent` is in seconds of processor time."""
    # The supervisor's tree holds all others: what is left is its own, and that of the start scripts' probes.
    spent = spent | {"supervisor": round(spent["supervisor"] - sum(spent.values()) + spent["supervisor"], 3)}
    memory = {name: each for name, each in memory.items() if name != "supervisor"}
    services = {
        name: {"cpu_s": cpu_s, "core_pct": round(100 * cpu_s / span_s, 2), **memory.get(name, {})}
        for name, cpu_s in sorted(spent.items(), key=lambda item: -item[1])
    }
    cpu_s = round(sum(spent.values()), 3)
    return {
        "services": services,
        "total": {"cpu_s": cpu_s, "core_pct": round(100 * cpu_s / span_s, 2), **total(memory.values())},
    }


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="length of the measurement")
    parser.add_argument("--warm-up", type=float, default=180, help="seconds before it that do not count")
    given = parser.parse_args()
    found = measure(load_settings(), given.seconds, given.warm_up)
    save(new_file("idle"), found)
    report(**found)


if __name__ == "__main__":
    main()
