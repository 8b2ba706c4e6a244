#!/usr/bin/env bash
# Summary: have the streams read Kafka from its start, where the Spark job refuses to start on another Kafka's checkpoint.
# Usage: pipeline/scripts/reread_kafka.sh [--yes]
#   --yes   do it without asking
# The checkpoint is moved aside in HDFS. Rows that the tables hold already are not written twice.
# Exit code: 0 moved; 1 anything else.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
in_container scheduler "$@"
[[ -x $PYTHON ]] || die "the lake was never set up in $COINLAKE_HOME: pipeline/scripts/pipeline_setup.sh does it"
exec "$PYTHON" -m pipeline.verbs.reread_kafka "$@"
