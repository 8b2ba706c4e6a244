#!/usr/bin/env bash
# Summary: Run Presto (coordinator and worker in one) in the foreground.
# Usage: presto.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ ${1:-} != --help ]] || { show_usage; exit 0; }

mkdir -p "$COINLAKE_HOME/data/presto"
cd "$COINLAKE_HOME/data/presto" # it looks for optional files under etc/ of where it runs
exec "$(find_java)" "@$COINLAKE_HOME/conf/presto/jvm.options" -cp "$COINLAKE_HOME/jars/presto/lib/*" \
  com.facebook.presto.server.PrestoServer
