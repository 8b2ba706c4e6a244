"""What grows while the lake runs for long: `python -m bench.soak --hours 24`.

The lake must run on the simulator. Data folders, the NameNode's edit log, HDFS's files and each service's memory are
measured 120 times, evenly over the hours; then the lake is taken down and brought up again, and both are timed.
After each sample `bench/results/soak-*.json` and a table beside it, `soak-*.md`, are rewritten, so that a soak that
is cut short has its results. The table shows by how much each figure grew an hour over the second half: what is
bounded has stopped growing by then, if the hours are long enough (snapshots are kept for minutes, topics for days).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

from bench.measure import timed_script
from bench.results_folder import machine, new_file, save
from bench.setup import DOWN, SETUP
from bench.soak_sample import Sample, take
from pipeline.settings import Settings, load_settings
from pipeline.simulated_exchange import SimulatedExchange

SAMPLES = 120


def soak(settings: Settings, hours: float, path: Path) -> list[Sample]:
    """Take the samples; the files are up to date after each."""
    start, samples = time.monotonic(), []
    for number in range(SAMPLES + 1):
        time.sleep(max(0.0, start + number * hours * 3600 / SAMPLES - time.monotonic()))
        samples.append(take(settings, (time.monotonic() - start) / 3600))
        keep(path, samples, {})
    return samples


def keep(path: Path, samples: Sequence[Sample], restart: dict[str, float]) -> None:
    """Write both files."""
    save(path, {"machine": machine(), "restart": restart, "samples": samples})
    path.with_suffix(".md").write_text(table(samples, restart), encoding="utf-8")


def table(samples: Sequence[Sample], restart: dict[str, float]) -> str:
    """Return the figures as a Markdown table: first, highest, last, and growth an hour over the second half."""
    lines = [f"{samples[-1]['hours']:.2f} hours, {len(samples)} samples", ""]
    lines += [f"{name}: {seconds:.1f} s" for name, seconds in restart.items()]
    lines += ["", "| figure | first | highest | last | growth an hour |", "|---|---|---|---|---|"]
    for name in (name for name in samples[-1] if name != "hours"):
        values = [sample[name] for sample in samples if name in sample]
        shown = (values[0], max(values), values[-1], growth(samples, name))
        lines.append(f"| {name} | " + " | ".join(f"{value:,.3f}".rstrip("0").rstrip(".") for value in shown) + " |")
    return "\n".join(lines) + "\n"


def growth(samples: Sequence[Sample], name: str) -> float:
    """Return the slope of a figure over the second half of the samples, an hour."""
    half = [sample for sample in samples[len(samples) // 2 :] if name in sample]
    if len(half) < 2:
        return 0.0
    return linear_regression([sample["hours"] for sample in half], [sample[name] for sample in half]).slope


def restart() -> dict[str, float]:
    """Take the lake down and bring it up again; return the seconds of both, up to a row read back through Presto."""
    down_s = timed_script(DOWN)
    return {"down_s": down_s, "up_again_s": timed_script(SETUP, "--native", "--market", "simulator")}


def main() -> None:
    """Soak, restart, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24, help="how long")
    parser.add_argument("--rate", type=int, default=50, help="trades a second over all products")
    given = parser.parse_args()
    settings, path = load_settings(), new_file("soak")
    with SimulatedExchange.of(settings).rate(given.rate):
        samples = soak(settings, given.hours, path)
    keep(path, samples, restart())
    print(path.with_suffix(".md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
