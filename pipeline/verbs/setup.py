"""Bring the lake up, stage by stage, and prove that it works: the body of `pipeline_setup.sh`.

Each stage does nothing where its work is done already, so that running it again on a live lake takes seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from pipeline.engines import secrets
from pipeline.engines.jars.fetch import fetch
from pipeline.errors import ServiceError
from pipeline.events.catalog import PRICE_TOPICS
from pipeline.health import serving_probes
from pipeline.health.topic_states import stream_is_drained
from pipeline.host.cli import SETUP_GOES_ON, run_verb
from pipeline.host.options import HistoryFile, SetupOptions, parse_options
from pipeline.host.output_format import stage_line
from pipeline.kafka import topics
from pipeline.presto import Presto
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import SERVICES
from pipeline.serving import bucket_setup, database_setup
from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.verbs import bring_up, history_candles, hive_setup
from pipeline.verbs.announce import announce_market, show_addresses
from pipeline.verbs.backup import marker
from pipeline.verbs.console import Stages
from pipeline.verbs.market_check import require_live_prices
from pipeline.verbs.readback import HistoryWait, push_history, read_back, wait_for_history
from pipeline.verbs.run_config import Choices, choose

HISTORY_S = 300.0  # the Hive table is published now and then; and more for a long file:
HISTORY_ROWS_A_SECOND = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the set-up; return 0 only when a polled price has been read back through Presto."""
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    return run_verb("pipeline_setup.sh", lambda: run(options, Stages()), SETUP_GOES_ON)


def run(options: SetupOptions, stages: Stages) -> int:
    """Go through all stages and return 0; any `CoinlakeError` ends it, and what is done by then stays done."""
    choices, new_jars = _prepare(options, stages)
    if choices.turns_live:  # before anything that runs is touched
        with stages.stage("live market") as outcome:
            require_live_prices(choices.settings)
            outcome("the live market answers")
    if "superset" in choices.services:
        _install_superset(choices.settings, stages)
    with stages.stage("services") as outcome:
        outcome(bring_up.start(choices, new_jars=new_jars))
    for name in SERVICES:
        if name in choices.services:
            _wait_ready(choices.settings, name, stages)
        if name in AFTER:
            AFTER[name](choices.settings, stages)
    prove(choices, options.history, stages)
    return 0


def prove(choices: Choices, history: HistoryFile | None, stages: Stages) -> None:
    """Announce the market, take the history in, read a price back through Presto and show where everything is.

    Raises:
        CoinlakeError: one of it failed.
    """
    settings = choices.settings
    scheduler, presto = SchedulerApi(settings), Presto(settings.lake.presto_url, source="coinlake-setup")
    with stages.stage("views") as outcome:
        outcome(hive_setup.register_views(settings))
    announce_market(scheduler, stages)
    if history:
        _take_in(history, scheduler, presto, choices, stages)
        if settings.serving.enabled:
            history_candles.take_in(settings, history, stages)
    with stages.stage("read-back") as outcome:
        seen = read_back(scheduler, presto)
        outcome(f"a price of {seen.key.coin} ({seen.key.source}) read back through Presto {seen.after_s:.1f} s later")
    show_addresses(choices, stages)


def _prepare(options: SetupOptions, stages: Stages) -> tuple[Choices, bool]:
    """Make secrets and bring the jars that this run needs; return what it uses, and whether jars were replaced."""
    before = load_settings()
    marker.require_none(before)
    home = before.home
    with stages.stage("secrets") as outcome:
        made = secrets.ensure(home / ".env")
        choices = choose(options)
        if choices.settings.serving.enabled and (more := secrets.ensure(home / ".env", secrets.SERVING_NAMES)):
            made += more
            choices = choose(options)  # with them
        outcome("secrets made" if made else "secrets are there")
    with stages.stage("jars") as outcome:
        new_jars = fetch(home / "jars", serving=choices.settings.serving.enabled)
        outcome("jars brought into the home" if new_jars else "jars are there")
    return choices, new_jars


def _install_superset(settings: Settings, stages: Stages) -> None:
    """Bring Superset's own Python, whose installer shows its own progress; nothing where it is there."""
    start = time.monotonic()
    script = CHECKOUT / "pipeline" / "engines" / "superset_venv.sh"
    if subprocess.run([script], env={**os.environ, "COINLAKE_HOME": str(settings.home)}, check=False).returncode:
        raise ServiceError("Superset could not be installed, see above")
    stages.say(stage_line(time.monotonic() - start, "Superset is installed"))


def _wait_ready(settings: Settings, name: str, stages: Stages) -> None:
    with stages.stage(name) as outcome:
        bring_up.wait_ready(settings, name)
        outcome(f"{name} is ready")


def _make_topics(settings: Settings, stages: Stages) -> None:
    with stages.stage("topics") as outcome:
        lines, faults = topics.ensure_ours(settings, create=True)
        if faults:
            raise ServiceError("\n  ".join(map(str, faults)))
        outcome(f"topics {', '.join(line.partition(':')[0] for line in lines)} match their settings")


def _register_tables(settings: Settings, stages: Stages) -> None:
    with stages.stage("databases") as outcome:
        registered = list(hive_setup.register(settings))
        outcome(f"{len(registered)} databases and tables are registered")


def _make_databases(settings: Settings, stages: Stages) -> None:
    if settings.serving.enabled:
        with stages.stage("serving databases") as outcome:
            made = database_setup.ensure(settings)
            serving_probes.postgres(settings)
            outcome(
                f"PostgreSQL for gold: made {', '.join(made)}" if made else "PostgreSQL for gold is as it should be"
            )


def _make_bucket(settings: Settings, stages: Stages) -> None:
    if settings.serving.enabled:
        with stages.stage("serving bucket") as outcome:
            made = bucket_setup.ensure(settings)
            serving_probes.bucket(settings)
            outcome(f"bucket of gold: made {', '.join(made)}" if made else "bucket of gold: it is there")


# What is made as soon as a service works, wherever that one runs: those after it wait for it.
AFTER: Mapping[str, Callable[[Settings, Stages], None]] = {
    "kafka": _make_topics,
    "presto": _register_tables,
    "serving-postgres": _make_databases,
    "serving-s3": _make_bucket,
}


def _take_in(file: HistoryFile, scheduler: SchedulerApi, presto: Presto, choices: Choices, stages: Stages) -> None:
    """Push a CSV file and wait until all of it is counted in both price tables."""
    with stages.stage("history") as outcome, stages.progress(f"history of {file.coin}") as advance:
        job = push_history(scheduler, file, advance)
        names = [topic.name for topic in PRICE_TOPICS]
        wait = HistoryWait(
            coin=file.coin,
            events=job.events,
            is_drained=lambda: stream_is_drained(choices.settings, names),
            within_s=HISTORY_S + job.events / HISTORY_ROWS_A_SECOND,
        )
        rows = wait_for_history(presto, wait, advance)
        rejected = f", {job.rejected:,} lines rejected (iceberg.silver.rejected_events)" if job.rejected else ""
        outcome(f"history of {file.coin}: {job.events:,} new events, {rows:,} rows from files in the tables{rejected}")


if __name__ == "__main__":
    sys.exit(main())
