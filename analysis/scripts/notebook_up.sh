#!/usr/bin/env bash
# Summary: Make sure that JupyterLab runs on the lake, and print the address that opens a notebook in it.
# Usage: notebook_up.sh [prices | trades | forecast | bitcoin-utils]   which notebook; prices if none is named
#
# The address carries the token that lets you in: give it to nobody. On a desktop the browser opens it.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/lock.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/lock.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../pipeline/scripts/containers.sh"
[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
if is_in_containers; then
  sed -i 's/^COINLAKE_NOTEBOOKS=.*/COINLAKE_NOTEBOOKS=1/' "$COINLAKE_HOME/docker.env"
  compose up --detach --wait notebook >/dev/null 2>&1 || die "JupyterLab's container does not start: see docker logs"
  in_container notebook "$@"
fi
need_lake

# Only a start changes what runs, and must not meet a set-up under way.
"$PYTHON" -m pipeline.health.probes notebook 2>/dev/null || take_lock
url="$("$PYTHON" -m pipeline.verbs.notebook_up "$@")"
printf '%s\n' "$url"
[[ -n ${DISPLAY:-} ]] && command -v xdg-open >/dev/null || exit 0
exec xdg-open "$url" >/dev/null 2>&1
