#!/usr/bin/env bash
# Summary: run the tests; makes all they need from nothing and leaves no process behind
# Usage: tests/run.sh [SUITE...]   suites: static unit spark integration docs; none named: all, fast ones first
#
# COINLAKE_TEST_HOME (default .coinlake/test) keeps the tests' own Python, engines, logs and reports.
# COINLAKE_TEST_KEEP=1 with a fixed COINLAKE_TEST_PORT_BASE leaves the integration tests' lake up for the next run.
# COINLAKE_PYTHON names an interpreter that has requirements-dev.lock installed already.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export COINLAKE_TEST_HOME="${COINLAKE_TEST_HOME:-$root/.coinlake/test}"

if [[ "${1:-}" == --help ]]; then
  sed -n 's/^# \(Summary\|Usage\): //p' "${BASH_SOURCE[0]}"
  exit
fi

cd "$root"
export PYTHONPATH="$root"
exec "$COINLAKE_PYTHON" -m tests.support.runner "$@"
