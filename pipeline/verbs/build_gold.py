"""Have the Spark job make gold and its copies at once, or compare them: the body of `build_gold.sh`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from pipeline.errors import RequestError
from pipeline.events.candles import BITCOIN_DATA
from pipeline.host.cli import run_verb
from pipeline.host.options import SetupOptions
from pipeline.presto import Presto
from pipeline.settings import Settings
from pipeline.verbs.console import Stages
from pipeline.verbs.gold_agreement import Differences, compare
from pipeline.verbs.run_config import choose
from pipeline.verbs.step_request import GOES_ON, request_steps
from pipeline.verbs.visibility import wait_for_stream

NAME = "build_gold.sh"
STREAM_S = 600.0
LOOKS = 3  # a live lake's copies follow within seconds: only what differs each time does differ
BETWEEN_LOOKS_S = 8.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog=NAME, usage=f"see {NAME} --help", allow_abbrev=False)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    work = check if options.check else build
    # Whether there is a serving tier is what the running lake was started with.
    return run_verb(NAME, lambda: work(choose(SetupOptions()).settings, Stages()), GOES_ON)


def build(settings: Settings, stages: Stages) -> int:
    """Wait for the stream, ask the Spark job, and follow it; return the exit code."""
    with stages.stage("stream") as tell, stages.progress("stream") as advance:
        wait_for_stream(settings, advance, time.monotonic() + STREAM_S, (BITCOIN_DATA,))
        tell("stream: all candles that are in Kafka are in silver")
    outcome = request_steps(settings, settings.lake.gold_requests, "gold", stages)
    for line in outcome.results:
        stages.say(f"  {line}")
    return outcome.exit_code(NAME)


def check(settings: Settings, stages: Stages) -> int:
    """Compare the three places and name the months that differ; return the exit code.

    Raises:
        RequestError: there is nothing to compare.
    """
    if not settings.serving.enabled:
        raise RequestError("the serving tier is off, so gold is in Iceberg alone: pipeline_setup.sh --with serving")
    presto = Presto(settings.lake.presto_url, NAME)
    with stages.stage("check") as tell:
        differences = compare(presto, settings.serving)
        for _ in range(LOOKS - 1):
            if not differences.lines:
                break
            time.sleep(BETWEEN_LOOKS_S)
            differences = Differences(differences.rows, differences.common(compare(presto, settings.serving)))
        tell(f"check: {differences.rows:,} rows in Iceberg, PostgreSQL and the bucket {_verdict(differences)}")
    for line in differences.lines.values():
        sys.stderr.write(f"{NAME}: {line}\n")
    return 1 if differences.lines else 0


def _verdict(differences: Differences) -> str:
    return f"differ in {len(differences.lines)} months" if differences.lines else "agree"


if __name__ == "__main__":
    sys.exit(main())
