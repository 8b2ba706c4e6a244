#!/usr/bin/env bash
# Summary: have trades that the table lacks and no gap covers fetched again, by the trade producer, running or not.
# Usage: pipeline/scripts/reopen_gaps.sh [--check] [--lost]
#   --check   only list what would be fetched
#   --lost    also ask again for trades that were given up as lost or unavailable
# Exit code: 0 done, or nothing is missing; 1 Presto does not answer.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
in_container trades "$@"
[[ -x $PYTHON ]] || die "the lake was never set up in $COINLAKE_HOME: pipeline/scripts/pipeline_setup.sh does it"
exec "$PYTHON" -m pipeline.verbs.reopen_gaps "$@"
