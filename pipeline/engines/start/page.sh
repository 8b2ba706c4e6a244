#!/usr/bin/env bash
# Summary: Run the live page, in the foreground; it waits for nothing, since it also shows what is down.
# Usage: page.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"
exec "$PYTHON" -m monitor.page
