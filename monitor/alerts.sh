#!/usr/bin/env bash
# Summary: see what the notifier has told and has still to tell; acknowledge alarms, mute, try again, test a channel.
# Usage: monitor/alerts.sh list [--all] [--json]        open alarms, mutes, and messages not sent; --all: also those sent
#        monitor/alerts.sh ack ALARM [--for DURATION]   no more messages that it is still open; default: 24h
#        monitor/alerts.sh mute PATTERN --for DURATION  nothing about these: service.presto, 'service.*', 'alert.*'
#        monitor/alerts.sh unmute PATTERN
#        monitor/alerts.sh retry [NUMBER]               send what was given up again; without a number all of it
#        monitor/alerts.sh test CHANNEL                 send a test message and wait for the answer
#   DURATION  30s, 15m, 2h or 7d
# Exit code: 0 done, 1 a fault: no such alarm, mute, message or channel, or the test was not delivered; 2 wrong arguments.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../pipeline/scripts/lib.sh"
# shellcheck source=pipeline/scripts/containers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../pipeline/scripts/containers.sh"

answer_help "$@"
in_container notifier "$@"
need_lake
exec "$PYTHON" -m monitor.notifier.command "$@"
