#!/usr/bin/env bash
# Summary: Run Superset in the foreground; before that its database is brought to what the settings and YAML say.
# Usage: superset.sh
# One process of eight threads: answers come from the databases, which do the work.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

python="$COINLAKE_HOME/superset/bin/python"
if [[ ! -x $python ]]; then
  printf 'refusing to run: Superset is not installed in %s: run pipeline_setup.sh --with serving\n' "$COINLAKE_HOME" >&2
  exit 78
fi
export FLASK_APP=superset SUPERSET_HOME="$COINLAKE_HOME/data/superset"
export SUPERSET_CONFIG_PATH="$COINLAKE_ROOT/monitor/superset/superset_config.py"
mkdir -p "$SUPERSET_HOME"

wait_for_services serving-postgres presto # the import looks into both
cd "$COINLAKE_ROOT"
"$python" -m monitor.superset.provision || exit
address="$("$PYTHON" -c 'from pipeline.settings import load_settings as s; print(s().listen_host, s().port("superset"), sep=":")')"
exec "$python" -m gunicorn --bind "$address" --workers 1 --worker-class gthread --threads 8 --timeout 120 \
  --no-control-socket "superset.app:create_app()"
