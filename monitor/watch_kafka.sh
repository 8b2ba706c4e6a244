#!/usr/bin/env bash
# Summary: follow the lake's topics in a second terminal, one readable line an event (times are UTC); Ctrl-C ends it.
#   The trade feed's signs of life are left out.
# Usage: monitor/watch_kafka.sh [--from-beginning] [--limit N] [TOPIC...]
#   TOPIC             default: all topics of the lake
#   --from-beginning  show what is kept in Kafka first
#   --limit N         end after N events
# Exit code: 0 ended by Ctrl-C or the limit, 1 unknown topic, 2 wrong arguments. While Kafka is down it waits.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../pipeline/scripts/containers.sh"

answer_help "$@"
in_container scheduler "$@"
need_lake
exec "$PYTHON" -m monitor.watch "$@"
