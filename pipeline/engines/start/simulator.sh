#!/usr/bin/env bash
# Summary: Run the market simulator, in the foreground.
# Usage: simulator.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"
exec "$PYTHON" -m pipeline.ingest.simulator
