#!/usr/bin/env bash
# Summary: Run the Hive Metastore (the classes that pyspark carries, on an embedded Derby) in the foreground.
# Usage: metastore.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
[[ ${1:-} != --help ]] || { show_usage; exit 0; }

conf="$COINLAKE_HOME/conf"
mkdir -p "$COINLAKE_HOME/data/metastore"
pyspark="$("$PYTHON" -c 'import importlib.util; print(importlib.util.find_spec("pyspark").submodule_search_locations[0])')"

exec "$(find_java)" "@$conf/hive/metastore.options" -cp "$conf/hive:$conf/hadoop:$pyspark/jars/*" \
  org.codehaus.janino.SimpleCompiler "$COINLAKE_ROOT/pipeline/cluster/start/MetastoreServer.java" MetastoreServer
