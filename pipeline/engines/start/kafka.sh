#!/usr/bin/env bash
# Summary: Run Kafka (a KRaft node) in the foreground; its data folder is formatted at the first start.
# Usage: kafka.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/kafka"
data="$COINLAKE_HOME/data/kafka"
use_java
java+=("@$conf/jvm.options" -cp "$COINLAKE_HOME/jars/kafka/*")

if [[ ! -d $data ]]; then
  # Formatted beside its place and then renamed: a start that is killed here leaves no half-formatted folder.
  rm -rf "$data.new"
  mkdir -p "$data.new"
  sed "s|^log.dirs=.*|log.dirs=$data.new|" "$conf/server.properties" >"$data.new.properties"
  cluster_id="$("$PYTHON" -c 'from pipeline.settings import load_settings; print(load_settings().topology.kafka_cluster_id)')"
  : "${cluster_id:=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')}"
  format=(kafka.tools.StorageTool format -t "$cluster_id" -c "$data.new.properties")
  grep -q '^controller.quorum.voters=' "$conf/server.properties" || format+=(--standalone)
  "${java[@]}" "${format[@]}"
  rm "$data.new.properties"
  mv "$data.new" "$data"
fi

exec "${java[@]}" kafka.Kafka "$conf/server.properties"
