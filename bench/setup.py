"""How long the set-up takes until a row is read back through Presto: `python -m bench.setup`.

Three times, in a temporary home with ports of its own: from an empty home with everything downloaded, with cold
engines on the data of the first run, and on the live lake. The user's own lake is not touched.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.measure import report, timed_script

SETUP = "pipeline/scripts/pipeline_setup.sh"
DOWN = "pipeline/scripts/pipeline_down.sh"


def measure(home: Path, port_base: int, arguments: list[str]) -> dict[str, float]:
    """Return the seconds of each set-up; nothing runs any more at the end."""
    environ = {"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": str(port_base)}
    words = ["--native", "--market", "simulator", *arguments]
    try:
        empty_home_s = timed_script(SETUP, *words, environ=environ)
        down_s = timed_script(DOWN, environ=environ)
        cold_engines_s = timed_script(SETUP, *words, environ=environ)
        again_s = timed_script(SETUP, *words, environ=environ)
    finally:
        timed_script(DOWN, environ=environ)
    return {
        "empty_home_s": empty_home_s,
        "down_s": down_s,
        "cold_engines_s": cold_engines_s,
        "again_s": again_s,
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-base", type=int, default=19_000)
    given, passed_on = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="coinlake-bench-") as home:
        report(**measure(Path(home), given.port_base, passed_on))


if __name__ == "__main__":
    main()
