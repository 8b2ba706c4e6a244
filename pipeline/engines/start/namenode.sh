#!/usr/bin/env bash
# Summary: Run the HDFS NameNode in the foreground, checkpointed now and then.
# Usage: namenode.sh
# Its folder is formatted at the first start, never again.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/hadoop"
data="$COINLAKE_HOME/data/namenode"
use_java
java+=("@$conf/namenode.options" -cp "$conf:$COINLAKE_HOME/jars/hadoop/*")
namenode=org.apache.hadoop.hdfs.server.namenode.NameNode

if [[ ! -d $data ]]; then
  # Formatted beside its place and then renamed: a start that is killed here leaves no half-formatted folder.
  rm -rf "$data.new"
  mkdir -p "$data.new"
  "${java[@]}" "$namenode" -D "dfs.namenode.name.dir=file://${data// /%20}.new" -format -nonInteractive
  mv "$data.new" "$data"
fi

# The pipe's other end is the NameNode's alone after exec: it closes when the NameNode ends, however it ends.
exec 3> >(exec "$COINLAKE_ROOT/pipeline/engines/namenode_checkpoints.sh")
exec "${java[@]}" "$namenode"
