"""What the lake needs at a multiple of today's events, from measured costs: `python -m bench.scaling`.

Today is what the benchmarks run on one machine of two cores: 1,000 trades a second. `--check FILE.json ...` compares
the model with windows that `bench.scaling_measure` has measured. docs/scaling.md tells what the figures mean.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from bench.scaling import tables
from bench.scaling.assumptions import Assumptions
from bench.scaling.check import compare
from bench.scaling.costs import Costs, read_costs
from bench.scaling.measurement import read_measurements
from bench.scaling.plan import Plan, make_plan
from bench.scaling.streaming import limits

TODAY = 1000.0
FACTORS = (1.0, 10.0, 100.0, 10_000.0)
WIDTH = 120


def main() -> None:
    """Print the plans, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=TODAY, help="events a second that count as 1x")
    parser.add_argument("--factor", type=float, nargs="+", default=FACTORS, help="multiples of it")
    parser.add_argument("--days", type=float, default=Assumptions.lake_days, help="how long the tables keep rows")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument("--check", type=Path, nargs="+", metavar="FILE", help="measured windows to compare with")
    given = parser.parse_args()
    if given.rate <= 0 or given.days <= 0 or min(given.factor) <= 0:
        parser.error("--rate, --factor and --days have to be above 0")
    costs, assumed = read_costs(), replace(Assumptions(), lake_days=given.days)
    if given.check:
        show_check(costs, given.check, as_json=given.json)
    else:
        plans = [make_plan(costs, assumed, given.rate * factor) for factor in given.factor]
        show_plans(costs, assumed, plans, given.rate, as_json=given.json)


def show_check(costs: Costs, files: list[Path], *, as_json: bool) -> None:
    """Print what the model says of measured windows."""
    rows = [row for run in read_measurements(files) for row in compare(costs, run)]
    if as_json:
        print(json.dumps([{**asdict(row), "error_pct": row.error_pct} for row in rows], indent=2))
    else:
        Console(width=WIDTH).print(tables.check_table(rows))


def show_plans(costs: Costs, assumed: Assumptions, plans: list[Plan], first: float, *, as_json: bool) -> None:
    """Print what each engine needs, and what does not scale out."""
    walls = limits(costs, assumed)
    if as_json:
        print(json.dumps({"plans": list(map(asdict, plans)), "limits": list(map(asdict, walls))}, indent=2))
        return
    console = Console(width=WIDTH)
    console.print(f"Measured: {costs.where}", soft_wrap=True, highlight=False)
    for table in (tables.cost_table(dict(costs.cores)), tables.plan_table(plans, first), tables.limit_table(walls)):
        console.print(table)


if __name__ == "__main__":
    main()
