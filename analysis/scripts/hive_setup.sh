#!/usr/bin/env bash
# Summary: registers the databases and hive.crypto.coin_data in the Hive Metastore; doing it again changes nothing
# Usage: analysis/scripts/hive_setup.sh [--help]
set -euo pipefail

# shellcheck source=pipeline/scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/containers.sh"

case "${1:-}" in
  --help)
    show_usage
    exit
    ;;
  '') ;;
  *) die "takes no arguments; try --help" ;;
esac

in_container scheduler "$@"
need_lake
exec "$PYTHON" -m pipeline.verbs.hive_setup
