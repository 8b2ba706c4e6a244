#!/usr/bin/env bash
# Summary: Run JupyterLab on the home's notebooks, in the foreground; its token is in the home's .env.
# Usage: notebook.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

cd "$COINLAKE_ROOT"
exec "$PYTHON" -m pipeline.engines.notebook
