#!/usr/bin/env bash
# Summary: run every gold job now: minute candles with averages and volatility, and their copies in PostgreSQL and S3.
# Usage: pipeline/scripts/build_gold.sh [--check]
#   --check   build nothing; compare Iceberg, PostgreSQL and the bucket by count and checksum, month by month
# It returns when all is done; Ctrl-C leaves the Spark job at work. The lake does the same every minute by itself.
# Exit code: 0 done, or all three agree; 1 a fault, or months that differ, which are named; 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
in_container scheduler "$@"
need_lake
exec "$PYTHON" -m pipeline.verbs.build_gold "$@"
