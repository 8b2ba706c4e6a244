#!/usr/bin/env bash
# Summary: remove the prices that came from one source from both price tables, so that they can be loaded again.
# Usage: pipeline/scripts/remove_source.sh --source SOURCE [--coin COIN] [--yes]
#   --source SOURCE  as in the tables' column source: csv_coingecko, csv_kaggle, coinmetrics, ...
#   --coin COIN      of this coin alone, CoinGecko's id or a symbol such as btc; default: of every coin
#   --yes            do not ask
# The lake runs on meanwhile. Kafka and iceberg.bronze.events keep what came in.
# Exit code: 0 removed, 1 nothing was removed or a fault, 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
in_container scheduler "$@"
need_lake
exec "$PYTHON" -m pipeline.verbs.remove_source "$@"
