#!/usr/bin/env bash
# Summary: Open Presto's own command line on the running lake, as user coinlake, in UTC; tables are those of iceberg.gold.
# Usage: presto.sh [--file FILE.sql [--param VALUE]...] [PRESTO-CLI ARGUMENTS]
#
#   presto.sh                                        # interactive; "quit" or Ctrl-D ends it
#   presto.sh --execute "SELECT * FROM latest_prices"
#   presto.sh --file analysis/sql/trade_coverage.sql --output-format CSV
#   presto.sh --file analysis/sql/candles.sql --param ETH-USD --param 6
#
#   --param VALUE   the file's next parameter (?): a number, text, or ARRAY['bitcoin','solana']; those that are left out
#                   have the defaults that the file states at its top
# All other arguments go to the CLI, and win over what is set here: --catalog iceberg --schema gold, and as the output's
# format ALIGNED on a terminal, else CSV_HEADER. PRESTO_URL points it at another server.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/containers.sh"
[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
arguments=() params=() file=""
while (($#)); do
  case $1 in
    --param | --file | -f) (($# > 1)) || die "$1 needs a value; see --help" ;;&
    --param) params+=("$2"); shift 2 ;;
    --file | -f) file=$2; shift 2 ;;
    --file=*) file=${1#*=}; shift ;;
    *) arguments+=("$1"); shift ;;
  esac
done
[[ -z $file || (-f $file && -r $file) ]] || die "$file is no file that can be read"
[[ -n $file || ${#params[@]} == 0 ]] || die "--param belongs to --file; see --help"

if is_in_containers; then
  [[ -z $file ]] || arguments+=(--file "$(bring_in presto "$file" /tmp/files)")
  for value in "${params[@]}"; do arguments+=(--param "$value"); done
  in_container presto "${arguments[@]}"
fi
need_lake

cli="$COINLAKE_HOME/jars/presto-cli.jar"
[[ -f $cli ]] || die "$cli is missing: pipeline/scripts/pipeline_setup.sh puts it there"
url="$("$PYTHON" -c 'from pipeline.settings import load_settings; print(load_settings().lake.presto_url)')"
info="$(curl --silent --fail --noproxy '*' --max-time 5 "$url/v1/info")" ||
  die "Presto does not answer at $url: pipeline/scripts/pipeline_status.sh shows what runs"
[[ ! $info =~ \"starting\":\ *true ]] || die "Presto at $url is still starting: try again in a few seconds"

if [[ -n $file ]]; then
  if ((${#params[@]})) || grep -q '^-- ? ' "$file"; then
    statement="$("$PYTHON" -m analysis.statement "$file" "${params[@]}")"
    arguments+=(--execute "$statement")
  else
    arguments+=(--file "$file")
  fi
fi
format=CSV_HEADER
[[ ! -t 1 ]] || format=ALIGNED

# One quick compiler and the smallest collector: a statement's answer starts sooner than with a server's settings.
java=("$(find_java)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx256m -Duser.timezone=UTC)
ours=(--server "$url" --user coinlake --catalog iceberg --schema gold --output-format "$format")
exec "${java[@]}" -jar "$cli" "${ours[@]}" "${arguments[@]}" # the CLI takes an option's last value: the caller's wins
