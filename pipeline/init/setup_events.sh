#!/usr/bin/env bash
# Summary: create the Kafka topics of the lake; those that exist are compared with what they should be.
# Usage: pipeline/init/setup_events.sh [--check]
#   --check   only report what is missing or different, create nothing
# Exit code: 0 all topics match their settings, 1 one is not or Kafka does not answer.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/containers.sh"

answer_help "$@"
in_container scheduler "$@"
need_lake
exec "$PYTHON" -m pipeline.kafka.topics "$@"
