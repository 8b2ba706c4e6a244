#!/usr/bin/env bash
# Summary: Run a notebook as a job, on this machine or on Databricks, and draw the forecast that it writes.
# Usage: run_job.sh [--on local|databricks] [OPTION]...
#
#   run_job.sh --coin ethereum --horizon 14            # here, on the lake's prices
#   run_job.sh --on databricks --prices prices.csv     # on a cluster that is made for it and deleted afterwards
#
#   --coin COIN            CoinGecko's id or a symbol; bitcoin if none is named
#   --prices FILE          take the prices (CSV: day,price_usd) from this file, not from the lake
#   --horizon DAYS, --origins N, --models A,B, --parameter NAME=VALUE
#                          the notebook's parameters; VALUE is JSON or else text
#   --notebook FILE        another one than analysis/notebooks/forecast.ipynb: docs/jobs.md says what it needs
#   --out FOLDER           gets prices, forecast, picture, executed notebook; jobs/COIN in the home if none is named
#   --run-limit SECONDS    of the run; 3600. On this machine of each cell
# On Databricks (DATABRICKS_HOST, DATABRICKS_TOKEN or DATABRICKS_TOKEN_FILE, DATABRICKS_VOLUME):
#   --compute KIND         cluster: made and deleted here; run: part of the run; serverless; or auto, which is cluster,
#                          and serverless where clusters are refused
#   --cluster-config FILE  JSON as for clusters/create; analysis/jobs/config/cluster_config.json if none is named
#   --start-limit SECONDS  for the cluster's start; 1200
#   --poll SECONDS         between two looks at cluster or run; 10
# Prints the paths of forecast, picture and prices; progress goes to stderr. Exit codes: 0 done, 1 failed, 2 wrong
# usage, 3 something is left on Databricks (the message has its id), 130 and 143 interrupted, after cleaning up.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/containers.sh"
[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
[[ -x $PYTHON ]] || ! is_in_containers ||
  die "this lake's packages are in containers: name a Python that has those of requirements.lock by COINLAKE_PYTHON"
need_lake
exec "$PYTHON" -m analysis.jobs "$@"
