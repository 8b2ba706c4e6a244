#!/usr/bin/env bash
# Summary: show what runs, how far the stream lags behind each topic, and what each table holds.
# Usage: pipeline/scripts/pipeline_status.sh [--json]
#   --json   the same for programs; what is not known is null
# Exit code: 0 every service is up, 3 one is not.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
if is_in_containers; then
  exec "$(find_python)" -m pipeline.host.containers.status "$@"
fi
need_lake
exec "$PYTHON" -m pipeline.verbs.status "$@"
