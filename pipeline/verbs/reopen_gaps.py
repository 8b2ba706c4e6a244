"""Hand what the trades table lacks, and no gap covers, to the trade producer: `python -m pipeline.verbs.reopen_gaps`.

The holes go into the producer's SQLite file; it turns them into gaps within seconds, or at its next start.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from pipeline.errors import ServiceError
from pipeline.events.trades import NOT_IN_TABLE
from pipeline.host.cli import run_verb
from pipeline.id_ranges import Runs
from pipeline.ingest.trades.backfill.trades_table import TradesTable
from pipeline.ingest.trades.gaps.gap import Hole
from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.ingest.trades.market_choice import choice_in_use
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings

SHOWN = 5  # holes of a product
ANSWER_S = 600.0  # a day of a busy product's trades is sorted
ALIVE_S = 30.0  # a heartbeat as old as that is no longer one


def main(arguments: Sequence[str] | None = None) -> int:
    """Find the holes, print them, hand them over; return the exit code."""
    options = _parser().parse_args(arguments)
    interrupted = "interrupted; nothing was handed over"
    return run_verb("reopen_gaps.sh", lambda: _reopen(load_settings(), options), interrupted)


def _reopen(settings: Settings, options: argparse.Namespace) -> int:
    choice = choice_in_use(settings)
    if choice is None:
        raise ServiceError("the lake has not chosen a market yet: run pipeline/scripts/pipeline_setup.sh")
    source = settings.markets.exchange.market(choice.kind).source
    table = TradesTable(Presto(settings.lake.presto_url, "coinlake-reopen-gaps", ANSWER_S), source)
    store = GapStore(settings.data_dir / "trades" / "gaps.db", source)
    try:
        found = find(table, store, settings.markets.products, with_lost=options.lost)
        for line in described(found):
            print(line)  # noqa: T201 - a command line
        if found and not options.check:
            store.add_holes(Hole(product, *run, NOT_IN_TABLE) for product, runs in found.items() for run in runs)
            print(f"handed over. {_what_follows(settings)}")  # noqa: T201
    finally:
        store.close()
    return 0


def find(table: TradesTable, store: GapStore, products: Collection[str], *, with_lost: bool) -> dict[str, Runs]:
    """Return by product what the table lacks, less open gaps and, unless wanted, what is lost."""
    found: dict[str, Runs] = {}
    for product, stretches in table.incomplete().items():
        if product not in products:
            continue  # the stream would reject its trades
        holes = Runs(run for one in stretches if one.missing for run in table.holes(product, one))
        if holes and not with_lost:
            holes = holes.without(table.lost(product, holes))
        wanted = Runs(run for gap in store.gaps() if gap.state.product_id == product for run in gap.missing)
        if holes := holes.without(wanted):
            found[product] = holes
    return found


def described(found: Mapping[str, Runs]) -> Iterator[str]:
    """Yield what to print about the holes."""
    for product, runs in found.items():
        first = ", ".join(f"{first}..{last}" for first, last in islice(runs, SHOWN))
        more = sum(1 for _ in runs) - SHOWN
        yield f"{product}: {runs.total} trades missing: {first}{f' and {more} more holes' if more > 0 else ''}"
    if not found:
        yield "nothing to reopen: the table lacks no trade older than 5 min without a gap"


def _what_follows(settings: Settings) -> str:
    heartbeat = settings.run_dir / "trades.json"
    if heartbeat.exists() and time.time() - heartbeat.stat().st_mtime < ALIVE_S:
        return "The trade producer opens gaps for them now and fetches them: see iceberg.ops.gaps."
    return "The trade producer is not running: it opens gaps for them at its next start."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reopen_gaps.sh", usage="see reopen_gaps.sh --help", allow_abbrev=False)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--lost", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
