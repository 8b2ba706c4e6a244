#!/usr/bin/env bash
# Summary: maintain every table now: merge small files, expire old snapshots, look for orphaned files, drop expired days.
# Usage: pipeline/scripts/maintain.sh
# It returns when all is done; Ctrl-C leaves the Spark job at work. The lake does the same by itself, little by little;
# readers are not disturbed. Files that no reader needs any more are deleted 15 minutes later.
# Exit code: 0 done; 1 a fault, which is named; 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
in_container scheduler "$@"
need_lake
exec "$PYTHON" -m pipeline.verbs.maintain "$@"
