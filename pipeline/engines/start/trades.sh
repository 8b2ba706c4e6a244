#!/usr/bin/env bash
# Summary: Run the trade producer: it follows the exchange's trade feed and fills gaps, in the foreground.
# Usage: trades.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

wait_for_services topics
exec "$PYTHON" -m pipeline.ingest.trades
