#!/usr/bin/env bash
# Summary: Open Presto's own command line on the running lake, as user coinlake, in catalog hive, schema crypto, in UTC.
# Usage: presto.sh [PRESTO-CLI ARGUMENTS]
#
#   presto.sh                                   # interactive; "quit" or Ctrl-D ends it
#   presto.sh --execute "SHOW TABLES"           # one statement
#   presto.sh --file query.sql --output-format CSV_HEADER
#
# All arguments go to the CLI (presto.sh --execute ... --catalog iceberg --schema silver works, too).
# PRESTO_URL points it at another server.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/containers.sh"
[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
if is_in_containers; then
  arguments=("$@")
  for ((i = 0; i + 1 < $#; i++)); do
    [[ ${arguments[i]} == --file || ${arguments[i]} == -f ]] || continue
    [[ -r ${arguments[i + 1]} ]] || die "${arguments[i + 1]} is no file that can be read"
    inside="$(bring_in presto "${arguments[i + 1]}" /tmp/files)"
    arguments[i + 1]="$inside"
  done
  in_container presto "${arguments[@]}"
fi
[[ -x $PYTHON ]] || die "the lake was never set up in $COINLAKE_HOME: pipeline/scripts/pipeline_setup.sh does it"

cli="$COINLAKE_HOME/jars/presto-cli.jar"
[[ -f $cli ]] || die "$cli is missing: pipeline/scripts/pipeline_setup.sh puts it there"
url="$("$PYTHON" -c 'from pipeline.settings import load_settings; print(load_settings().presto_url)')"
info="$(curl --silent --fail --noproxy '*' --max-time 5 "$url/v1/info")" ||
  die "Presto does not answer at $url: pipeline/scripts/pipeline_status.sh tells what runs"
[[ ! $info =~ \"starting\":\ *true ]] || die "Presto at $url is still starting: try again in a few seconds"

# One quick compiler and the smallest collector: a statement's answer starts sooner than with a server's settings.
java=("$(find_java)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx256m -Duser.timezone=UTC)
# The CLI takes an option's last value, so the caller's --catalog or --schema wins over these.
exec "${java[@]}" -jar "$cli" --server "$url" --user coinlake --catalog hive --schema crypto "$@"
