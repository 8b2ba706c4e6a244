#!/usr/bin/env bash
# Summary: Run a Spark standalone worker in the foreground; it starts executors for the master that SPARK_MASTER names.
# Usage: spark-worker.sh
#
#   SPARK_WORKER_CORES    how many tasks its executors may run at a time (default: 2)
#   SPARK_WORKER_MEMORY   how much heap its executors may have together (default: 1g); each takes some 350 MB more
#
# It and its executors listen where COINLAKE_ADVERTISED_HOST leads to: the others have to reach it under that name.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

addresses="$("$PYTHON" -c '
from pipeline.settings import load_settings
s = load_settings()
print(s.topology.advertised_host, s.port("spark_worker_ui"), s.listen_host, s.lake.spark_master)')"
read -r host ui listen master <<<"$addresses"
[[ $master == spark://* ]] || die "SPARK_MASTER is $master: it should name a master, such as spark://host:18077"

conf="$COINLAKE_HOME/conf/spark"
data="$COINLAKE_HOME/data/spark-worker"
jars="$(pyspark_jars)"
# What a killed executor held; when a worker ends, its executors do.
rm -rf "$data/local"
mkdir -p "$data/local" "$data/work"
# Executors find their Spark (2.13 is the Scala in its jars' names), their logging and their folders by these.
export SPARK_HOME="${jars%/jars}" SPARK_SCALA_VERSION=2.13 SPARK_CONF_DIR="$conf" SPARK_LOCAL_DIRS="$data/local"
export SPARK_LOCAL_IP="$listen" # where the web page listens
use_java
exec "${java[@]}" "@$conf/daemon.options" -cp "$conf:$jars/*" org.apache.spark.deploy.worker.Worker \
  --host "$host" --webui-port "$ui" --work-dir "$data/work" \
  --cores "${SPARK_WORKER_CORES:-2}" --memory "${SPARK_WORKER_MEMORY:-1g}" "$master"
