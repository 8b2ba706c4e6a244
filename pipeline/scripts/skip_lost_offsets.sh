#!/usr/bin/env bash
# Summary: accept that Kafka deleted records before they were read, so that the Spark job can start again behind them.
# Usage: pipeline/scripts/skip_lost_offsets.sh [--yes]
#   --yes   accept without asking
# It shows what the job found when it refused to start. The next start records each range in silver.rejected_events.
# Exit code: 0 accepted, or there is nothing to accept; 1 anything else.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
in_container scheduler "$@"
[[ -x $PYTHON ]] || die "the lake was never set up in $COINLAKE_HOME: pipeline/scripts/pipeline_setup.sh does it"
exec "$PYTHON" -m pipeline.verbs.skip_lost_offsets "$@"
