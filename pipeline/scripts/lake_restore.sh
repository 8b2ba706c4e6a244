#!/usr/bin/env bash
# Summary: restore a backup of lake_backup.sh into an empty lake; pipeline_setup.sh then starts it
# Usage: pipeline/scripts/lake_restore.sh SOURCE [--backup NAME]
#   SOURCE         a folder, or s3://BUCKET[/PREFIX] at S3_ENDPOINT_URL with S3_ACCESS_KEY and S3_SECRET_KEY
#   --backup NAME  that one instead of the newest; lake_backup.sh SOURCE --list shows them
# The lake may lie elsewhere than the one that was backed up: home, ports and HDFS are those of this run's settings.
# Exit code: 0 every table is as it was, 1 a fault, 2 wrong arguments, 130 Ctrl-C; the same command continues.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/lock.sh
. "$(dirname "${BASH_SOURCE[0]}")/lock.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
! is_in_containers || die "the lake of this home runs in containers; only a native one can be restored"
"$(find_python)" -m pipeline.host.preflight
take_lock
"$COINLAKE_ROOT/pipeline/engines/bootstrap.sh"
exec "$PYTHON" -m pipeline.verbs.backup.restore "$@"
