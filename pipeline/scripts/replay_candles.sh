#!/usr/bin/env bash
# Summary: replay minute candles of a file, or of the simulated market, into Kafka's topic bitcoin_data.
# Usage: pipeline/scripts/replay_candles.sh [FILE] [--rate ROWS_PER_S | --max] [--product ID] [--source NAME]
#                                           [--from TIME] [--to TIME] [--restart]
#   FILE           a minute CSV (Timestamp,Open,High,Low,Close,Volume), also .csv.gz or .csv.zst, or such a .parquet;
#                  without one the simulated market's candles, of the last 7 days unless --from and --to say otherwise
#   --rate N       rows a second; default 10
#   --max          as fast as Kafka takes them
#   --product ID   whose candles they are; default BTC-USD
#   --source NAME  how the rows are labelled; default csv_kaggle; the simulated market's say simulator
#   --from TIME, --to TIME   only the minutes from TIME on and before TIME: 2021-01-01 or 2021-01-01T12:00, UTC
#   --restart      from the start again; otherwise the same file resumes where it stopped
# Rows that cannot be read end in iceberg.silver.rejected_events, and the replay continues.
# Exit code: 0 all is in Kafka, 1 a fault (one line), 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

answer_help "$@"
if is_in_containers; then
  arguments=("$@")
  if [[ $# -gt 0 && $1 != --* ]]; then
    [[ -r $1 ]] || die "$1 is no file that can be read"
    arguments[0]="$(bring_in scheduler "$1" "$COINLAKE_INSIDE/data/by-hand")" # on the container's disk
    trap 'compose exec --no-TTY scheduler rm -f "${arguments[0]}"' EXIT
  fi
  in_container scheduler "${arguments[@]}"
fi

need_lake
exec "$PYTHON" -m pipeline.verbs.replay_candles "$@"
