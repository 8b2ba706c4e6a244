#!/usr/bin/env bash
# Summary: Run the Spark streaming job, in the foreground.
# Usage: spark.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

wait_for_services topics metastore datanode
exec "$PYTHON" -m pipeline.stream.job
