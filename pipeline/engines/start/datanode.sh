#!/usr/bin/env bash
# Summary: Run the HDFS DataNode in the foreground.
# Usage: datanode.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/hadoop"
mkdir -p "$COINLAKE_HOME/data/datanode"
use_java
exec "${java[@]}" "@$conf/datanode.options" -cp "$conf:$COINLAKE_HOME/jars/hadoop/*" \
  org.apache.hadoop.hdfs.server.datanode.DataNode
