#!/usr/bin/env bash
# Summary: Make Superset's own Python in $COINLAKE_HOME/superset, by requirements-superset.lock; nothing where it is there.
# Usage: superset_venv.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
if [[ ${1:-} == --help ]]; then
  show_usage
  exit 0
fi

venv="$COINLAKE_HOME/superset"
lock="$COINLAKE_ROOT/requirements-superset.lock"
stamp="$venv/.installed"
if [[ -x $venv/bin/python ]] && sha256sum <"$lock" | cmp -s - "$stamp"; then exit 0; fi

# Whatever another lock or an interrupted run left is no ground to build on.
rm -rf "$venv"
mkdir -p "$COINLAKE_HOME"
"$PYTHON" -m venv --without-pip "$venv"
uv=("$PYTHON" -m uv --cache-dir "${XDG_CACHE_HOME:-$HOME/.cache}/coinlake/uv")
[[ -t 2 ]] || uv+=(--quiet)
# Every file's check sum is in its lock. PyHive and odfpy come as source archives: without isolation the setuptools
# of bootstrap.lock builds them, where isolation would fetch an unchecked one.
uv+=(pip install --python "$venv/bin/python" --require-hashes)
bring() {
  # uv trusts certificates that it brings along; a company's proxy may be known to the system alone.
  "${uv[@]}" "$@" || "${uv[@]}" --system-certs "$@" ||
    die "Superset's packages could not be installed (see above): check the network, or HTTPS_PROXY, and run the same" \
      "command again; --no-superset does without"
}
bring -r "$COINLAKE_ROOT/pipeline/engines/bootstrap.lock"
bring --no-build-isolation -r "$lock"
sha256sum <"$lock" >"$stamp"
