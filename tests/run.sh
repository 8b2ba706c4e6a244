#!/usr/bin/env bash
# Summary: run the tests; makes all they need from nothing and leaves no process behind
# Usage: tests/run.sh [all] [SUITE...]   suites: static unit engines spark integration docs containers;
#        none named: every suite, fast ones first; spark runs beside those before it; the images of the containers
#        are built beside all others, their lake comes up last
#   all   also the long tests: the cluster in containers, longer outages, each service killed alone, natively and in
#         containers, crashes between two appends, a million trades, a full disk, a lake restored beside its original,
#         the dashboard in Chromium
#
# COINLAKE_TEST_HOME (default .coinlake/test) keeps the tests' own Python, engines, logs and reports.
# COINLAKE_TEST_KEEP=1 with a fixed COINLAKE_TEST_PORT_BASE leaves the integration tests' lake up for the next run.
# The suite containers uses the Docker engine that answers. Where none does, root on Debian gets one of the tests' own
# when CI=true or when the suite is named; elsewhere it skips.
# COINLAKE_PYTHON names an interpreter that has requirements-dev.lock installed already.
set -euo pipefail

# The tests' home takes the place of the user's from here on: the user's lake is never touched.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export COINLAKE_TEST_HOME="${COINLAKE_TEST_HOME:-$root/.coinlake/test}"
export COINLAKE_HOME="$COINLAKE_TEST_HOME"
# shellcheck source=pipeline/scripts/lib.sh
. "$root/pipeline/scripts/lib.sh"

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  show_usage
  exit 0
fi

"$root/pipeline/engines/bootstrap.sh" --dev
cd "$root"
exec "$PYTHON" -m tests.support.runner "$@"
