#!/usr/bin/env bash
# Summary: Run the S3 server of the serving tier (s3proxy on a folder) in the foreground; its bucket is made then.
# Usage: serving-s3.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

conf="$COINLAKE_HOME/conf/serving-s3"
data="$COINLAKE_HOME/data/serving-s3"
mkdir -p "$data"
# A server that is killed amid an upload leaves what had come of it: parts, which nobody sees, and an object beside the
# one that it would have become, whose name has a UUID behind it. Nothing is being uploaded now.
uuid='????????-????-????-????-????????????'
find "$data" -type f -name "*.parquet-$uuid" -delete
find "$data" -type f -name '.mpus-*' -mmin +1440 -delete # a client may still complete one of today

("$PYTHON" -m pipeline.serving.set_up bucket --timeout 120 --beside $$ &)
use_java
exec "${java[@]}" "@$conf/jvm.options" -cp "$COINLAKE_HOME/jars/s3proxy/*" org.gaul.s3proxy.Main \
  --properties "$conf/s3proxy.conf"
