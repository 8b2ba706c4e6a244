#!/usr/bin/env bash
# Summary: Run PostgreSQL for the metastore in the foreground; its data folder is made at the first start.
# Usage: postgres.sh
# Needs METASTORE_DB_PASSWORD; the database is called metastore, its owner METASTORE_DB_USER.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

bin=/usr/lib/postgresql/15/bin
data="$COINLAKE_HOME/data/postgres"
store() { "$PYTHON" -c "from pipeline.settings import load_settings; print(load_settings().topology.metastore_store.$1)"; }

if [[ ! -d $data ]]; then
  # Made beside its place and then renamed: a start that is killed here leaves no half-made folder.
  rm -rf "$data.new"
  user="$(store username)" password="$(store 'password.reveal()')"
  (umask 077 && printf '127.0.0.1:*:*:%s:%s\n' "$user" "$password" >"$COINLAKE_HOME/data/pgpass")
  "$bin/initdb" --pgdata "$data.new" --username "$user" --pwfile <(printf '%s\n' "$password") \
    --auth-local scram-sha-256 --auth-host scram-sha-256 --encoding UTF8 --locale C
  printf 'host all all all scram-sha-256\n' >>"$data.new/pg_hba.conf"
  "$bin/postgres" --single -D "$data.new" postgres <<<'CREATE DATABASE metastore' >/dev/null
  mv "$data.new" "$data"
fi

exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories="$COINLAKE_HOME/run" \
  -c shared_buffers=32MB -c max_connections=40 -c password_encryption=scram-sha-256
