#!/usr/bin/env bash
# Summary: Run the Hive Metastore (the classes that pyspark carries, on Derby or PostgreSQL) in the foreground.
# Usage: metastore.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf"
mkdir -p "$COINLAKE_HOME/data/metastore"
jars="$(pyspark_jars)"

use_java
exec "${java[@]}" "@$conf/hive/metastore.options" \
  -cp "$conf/hive:$conf/hadoop:$jars/*:$COINLAKE_HOME/jars/metastore/*" \
  org.codehaus.janino.SimpleCompiler "$COINLAKE_ROOT/pipeline/engines/start/MetastoreServer.java" MetastoreServer
