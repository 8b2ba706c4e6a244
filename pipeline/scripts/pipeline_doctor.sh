#!/usr/bin/env bash
# Summary: find what is wrong with the lake, from Java to the rows in its tables, and name the remedy; changes nothing
# Usage: pipeline/scripts/pipeline_doctor.sh [--json] [--only ID[,ID...]] [--list] [--bundle FILE.tar.gz]
#   --json     the results for programs
#   --only     these checks alone; an area such as hdfs stands for all of its checks
#   --list     the checks' ids and titles; nothing is looked at
#   --bundle   also write results, status, versions and the ends of all logs to a file, without passwords and tokens
# Exit code: 0 nothing failed, 3 a check failed.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
in_container scheduler --inside "$@"
if [[ ! -x $PYTHON ]]; then # nothing is installed yet: the preflight looks at the machine
  "$(find_python)" -m pipeline.host.preflight
fi
need_lake
exec "$PYTHON" -m pipeline.verbs.doctor "$@"
