#!/usr/bin/env bash
# Summary: bring the whole lake up with one command; ends well only when a price went from the market to Presto.
# Usage: pipeline/scripts/pipeline_setup.sh [--market auto|live|simulator] [--history FILE.csv [--history-coin COIN]]
#                                           [--with serving [--no-superset]] [--no-notebook] [--small]
#                                           [--native | --docker [--profile cluster]]
#   --market M           where prices come from: live markets, the simulator, or auto (default): live if they answer
#   --history FILE.csv   import a file of past prices (CoinGecko export or Kaggle minutes) and wait until it is there
#   --history-coin COIN  the coin it is about, where the file's name does not say: bitcoin, or btc
#   --with serving       gold in PostgreSQL and an S3 bucket, too, and Superset on top (--without serving: no longer)
#   --no-superset        ... without Superset, which takes 830 MB of disk (--superset: with it again)
#   --no-notebook        without JupyterLab (--notebook: with it again)
#   --small              smaller heaps, for a machine with 4 GB (--no-small: the usual ones again)
#   --native             engines as processes of this machine
#   --docker             in containers; so it is without either word where a Docker engine answers and there is room
#   --profile cluster    in containers: three brokers and DataNodes, Spark and Presto with two workers each
# Run again on a live lake it changes nothing, and keeps its market, size, notebook and serving unless options say otherwise.
# Exit code: 0 the lake works, 1 a fault (one line each), 2 wrong arguments, 130 Ctrl-C.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/lock.sh
. "$(dirname "${BASH_SOURCE[0]}")/lock.sh"

answer_help "$@"
system_python="$(find_python)"
way="$("$system_python" -m pipeline.host.containers.runtime_choice "$@")"
if [[ $way == docker ]]; then
  take_lock
  exec "$system_python" -m pipeline.host.containers.setup "$@"
fi
"$system_python" -m pipeline.host.preflight "$@"
take_lock
rm -f "$COINLAKE_HOME/docker.env" # none of its containers runs
"$COINLAKE_ROOT/pipeline/engines/bootstrap.sh"
exec "$PYTHON" -m pipeline.verbs.setup "$@"
