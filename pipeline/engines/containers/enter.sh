#!/usr/bin/env bash
# Summary: A container's entry: render the configuration and become a service, or run any other command.
# Usage: enter.sh SERVICE            one of pipeline/engines/start/, or cloudera: NameNode, DataNode and Metastore
#        enter.sh COMMAND [ARGUMENT...]
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
if [[ ${1:-} == --help || $# -eq 0 ]]; then
  show_usage
  exit 0
fi

cd "$COINLAKE_ROOT"
start="$COINLAKE_ROOT/pipeline/engines/start/$1.sh"
if [[ $1 == cloudera ]]; then
  "$PYTHON" -m pipeline.engines.render --foreground namenode datanode metastore
  exec "$PYTHON" -m supervisor.supervisord --nodaemon --configuration "$COINLAKE_HOME/conf/supervisord.conf"
elif [[ -x $start ]]; then
  "$PYTHON" -m pipeline.engines.render
  exec "$start"
fi
exec "$@"
