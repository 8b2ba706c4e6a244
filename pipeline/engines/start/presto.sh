#!/usr/bin/env bash
# Summary: Run Presto in the foreground: coordinator and worker in one, or what PRESTO_ROLE says.
# Usage: presto.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

jars="$(pyspark_jars)"
janino=("$jars"/janino-*.jar "$jars"/commons-compiler-*.jar)
mkdir -p "$COINLAKE_HOME/data/presto"
cd "$COINLAKE_HOME/data/presto" # it looks for optional files under etc/ of where it runs
use_java
# Presto looks for queued queries every millisecond, though there are none: 0.045 of a core, 0.02 where the kernel may
# end waits 10 ms late. Its threads inherit this; queries take no longer. A kernel that refuses changes nothing.
echo 10000000 2>/dev/null >/proc/self/timerslack_ns || true
exec "${java[@]}" "@$COINLAKE_HOME/conf/presto/jvm.options" \
  -cp "$COINLAKE_HOME/jars/presto/lib/*:${janino[0]}:${janino[1]}" \
  org.codehaus.janino.SimpleCompiler "$COINLAKE_ROOT/pipeline/engines/start/QuietPrestoServer.java" QuietPrestoServer
