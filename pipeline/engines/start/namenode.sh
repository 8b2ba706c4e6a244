#!/usr/bin/env bash
# Summary: Run the HDFS NameNode in the foreground; its folder is formatted at the first start, never again.
# Usage: namenode.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/hadoop"
data="$COINLAKE_HOME/data/namenode"
java=("$(find_java)" "@$conf/namenode.options" -cp "$conf:$COINLAKE_HOME/jars/hadoop/*")
namenode=org.apache.hadoop.hdfs.server.namenode.NameNode

if [[ ! -d $data ]]; then
  # Formatted beside its place and then renamed: a start that is killed here leaves no half-formatted folder.
  rm -rf "$data.new"
  mkdir -p "$data.new"
  "${java[@]}" "$namenode" -D "dfs.namenode.name.dir=file://$data.new" -format -nonInteractive
  mv "$data.new" "$data"
fi

exec "${java[@]}" "$namenode"
