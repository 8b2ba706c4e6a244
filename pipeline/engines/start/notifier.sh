#!/usr/bin/env bash
# Summary: Run the notifier: it brings market alerts and alarms about the pipeline to people, in the foreground.
# Usage: notifier.sh
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
begin_service "$@"

# It waits for nothing: that Kafka is away is one of its alarms.
exec "$PYTHON" -m monitor.notifier
