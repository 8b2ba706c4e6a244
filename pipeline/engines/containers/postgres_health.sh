#!/usr/bin/env bash
# Summary: The health check of the metastore's PostgreSQL: does it answer a query with the metastore's password?
# Usage: postgres_health.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
if [[ ${1:-} == --help ]]; then
  show_usage
  exit 0
fi

export PGPASSFILE="$COINLAKE_HOME/data/pgpass" # postgres.sh writes it
exec /usr/lib/postgresql/15/bin/psql --host 127.0.0.1 --username "${METASTORE_DB_USER:-coinlake}" --dbname metastore \
  --no-psqlrc --tuples-only --command 'SELECT 1'
