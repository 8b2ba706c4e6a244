#!/usr/bin/env bash
# Summary: Run the scheduler: it polls the market and serves the HTTP API, in the foreground.
# Usage: scheduler.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

wait_for_services topics
exec "$PYTHON" -m pipeline.ingest.scheduler.app
