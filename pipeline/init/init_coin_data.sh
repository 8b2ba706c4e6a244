#!/usr/bin/env bash
# Summary: fill in the coins' past through the scheduler, and follow it until all of it is in Kafka.
# Usage: pipeline/init/init_coin_data.sh [COIN...] [--from DAY] [--to DAY]
#        pipeline/init/init_coin_data.sh --csv FILE --coin COIN
#   COIN        CoinGecko ids; default: all coins of the setting COINS
#   --from DAY  the first day, YYYY-MM-DD; default 2013-01-01
#   --to DAY    the last day, its end included; default: until now
#   --csv FILE  take the past from a file: a CoinGecko export or Kaggle minute candles
# Days that were published before are not fetched again. Exit code: 0 all jobs are done, 1 anything else.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/containers.sh"

tool() { "$PYTHON" -m pipeline.verbs.history_jobs "$@"; }

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

from=2013-01-01 to="" csv="" csv_coin="" coins=()
while (($#)); do
  case $1 in
    --help | -h) show_usage; exit 0 ;;
    --from | --to | --csv | --coin) (($# > 1)) || die "$1 needs a value; --help tells more" ;;&
    --from) from=$2; shift 2 ;;
    --to) to=$2; shift 2 ;;
    --csv) csv=$2; shift 2 ;;
    --coin) csv_coin=$2; shift 2 ;;
    -*) die "unknown option $1; --help tells more" ;;
    *) coins+=("$1"); shift ;;
  esac
done

if [[ -n $csv ]]; then
  [[ -n $csv_coin ]] || die "--csv needs --coin COIN: the file does not say whose prices it holds"
  [[ -r $csv && -f $csv ]] || die "$csv is no file that can be read"
  order=(csv "$csv_coin" "$csv")
else
  [[ -z $csv_coin ]] || die "--coin belongs to --csv; without a file the coins are plain words"
  order=(range "$from" "$to" "${coins[@]}")
fi

# curl reads the calls, and the token with them, from a pipe: among its arguments everybody here could read the token.
calls="$(tool "${order[@]}")"
answers="$(curl --fail-early --config - <<<"$calls")" ||
  die "the scheduler does not answer: pipeline/scripts/pipeline_setup.sh starts it; $COINLAKE_HOME/logs/scheduler.log tells why it stopped"
tool follow "$answers"
