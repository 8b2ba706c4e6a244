#!/usr/bin/env bash
# Summary: stop everything that pipeline_setup.sh started, and nothing else; the data stays.
# Usage: pipeline/scripts/pipeline_down.sh [--purge [--yes]]
#   --purge   delete the home, too: tables, topics, secrets, engines, Python environment; asks before
#   --yes     do not ask
# Exit code: 0 nothing of the lake runs any more, 1 something could not be stopped or the purge was not confirmed.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=pipeline/scripts/lock.sh
. "$(dirname "${BASH_SOURCE[0]}")/lock.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/containers.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || { show_usage; exit 0; }
if is_in_containers; then
  take_lock
  exec "$(find_python)" -m pipeline.host.containers.down "$@"
fi
[[ -x $PYTHON || ! -d $COINLAKE_HOME/conf ]] ||
  die "the lake in $COINLAKE_HOME has no Python of its own: name the one it was set up with by COINLAKE_PYTHON"
if [[ ! -x $PYTHON || ! -d $COINLAKE_HOME ]]; then
  printf 'pipeline_down.sh: nothing was ever set up in %s\n' "$COINLAKE_HOME"
  exit 0
fi
take_lock
exec "$PYTHON" -m pipeline.verbs.down "$@"
