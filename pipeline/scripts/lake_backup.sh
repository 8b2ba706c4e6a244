#!/usr/bin/env bash
# Summary: back the running lake up into a folder or an S3 bucket; a later backup there copies only what is new
# Usage: pipeline/scripts/lake_backup.sh TARGET [--keep N]
#        pipeline/scripts/lake_backup.sh TARGET --list
#   TARGET    a folder, or s3://BUCKET[/PREFIX] at S3_ENDPOINT_URL with S3_ACCESS_KEY and S3_SECRET_KEY
#   --keep N  then delete all backups there but the newest N
#   --list    show the backups there; nothing is copied
# All tables, the ledgers and the choice of the markets; not Kafka's records, no secrets. One TARGET is for one lake.
# Exit code: 0 there is a new backup, 1 there is none, 2 wrong arguments, 130 Ctrl-C; the same command continues.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
! is_in_containers || die "the lake of this home runs in containers; only a native one can be backed up"
need_lake
exec "$PYTHON" -m pipeline.verbs.backup.backup "$@"
