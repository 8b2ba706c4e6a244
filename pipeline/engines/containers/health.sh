#!/usr/bin/env bash
# Summary: A container's health check: does its service do real work?
# Usage: health.sh NAME...   names of pipeline/health/probes.py
#
# A check costs half a second of a processor. So it waits for a service that is starting, which is then found healthy
# at once, and it is repeated only now and then once it went well.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
if [[ ${1:-} == --help ]]; then
  show_usage
  exit 0
fi

fresh_s=20
stamp="${TMPDIR:-/tmp}/healthy" # in the container's own memory: gone with it
timeout=90
if [[ -s $stamp ]]; then
  read -r last <"$stamp"
  printf -v now '%(%s)T' -1
  ((now - last >= fresh_s)) || exit 0
  timeout=10
fi
"$PYTHON" -m pipeline.health.probes "$@" --timeout "$timeout"
printf '%(%s)T\n' -1 >"$stamp"
