#!/usr/bin/env bash
# Summary: fill in the coins' past through the scheduler, and wait until it can be read through Presto.
# Usage: pipeline/init/init_coin_data.sh [COIN...] [--from DAY] [--to DAY] [--no-wait]
#        pipeline/init/init_coin_data.sh --csv FILE --coin COIN [--no-wait]
#   COIN        CoinGecko ids, or symbols such as btc; default: all coins of the setting COINS
#   --from DAY  the first day, YYYY-MM-DD; default 2013-01-01
#   --to DAY    the last day, its end included; default: until now
#   --csv FILE  take the past from a file: a CoinGecko export or Kaggle minute candles
#   --no-wait   end as soon as all of it is in Kafka
# Days that were published before are not fetched again.
# Exit code: 0 all jobs are done and their rows can be read, 1 anything else, 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/containers.sh"

answer_help "$@"
if is_in_containers; then
  arguments=("$@") file=""
  for ((i = 0; i < $# - 1; i++)); do
    [[ ${arguments[i]} == --csv ]] || continue
    [[ -r ${arguments[i + 1]} ]] || die "${arguments[i + 1]} is no file that can be read"
    # On the container's disk: its other places are in its memory.
    file="$(bring_in scheduler "${arguments[i + 1]}" "$COINLAKE_INSIDE/data/by-hand")"
    arguments[i + 1]="$file"
  done
  trap '[[ -z $file ]] || compose exec --no-TTY scheduler rm -f "$file"' EXIT
  in_container scheduler "${arguments[@]}"
fi

need_lake
exec "$PYTHON" -m pipeline.verbs.init_coin_data "$@"
