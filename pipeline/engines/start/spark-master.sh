#!/usr/bin/env bash
# Summary: Run a Spark standalone master in the foreground; after a restart its workers and jobs come back to it.
# Usage: spark-master.sh
#
# It listens where COINLAKE_ADVERTISED_HOST leads to: others have to reach it under that name. It asks nobody for a
# password, and who reaches it can run programs on its workers: keep its network private.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

addresses="$("$PYTHON" -c '
from pipeline.settings import load_settings
s = load_settings()
print(s.topology.advertised_host, s.port("spark_master"), s.port("spark_master_ui"), s.listen_host)')"
read -r host port ui listen <<<"$addresses"
conf="$COINLAKE_HOME/conf/spark"
jars="$(pyspark_jars)"
mkdir -p "$COINLAKE_HOME/data/spark-master"
export SPARK_LOCAL_IP="$listen" # where the web page listens
use_java
exec "${java[@]}" "@$conf/daemon.options" -cp "$conf:$jars/*" \
  org.apache.spark.deploy.master.Master --host "$host" --port "$port" --webui-port "$ui"
