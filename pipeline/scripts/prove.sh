#!/usr/bin/env bash
# Summary: prove that a lake loses and doubles nothing: brings one up for that, hurts it under load, asks Presto
# Usage: pipeline/scripts/prove.sh [--faults N] [--trades PER_SECOND] [--seed N] [--report FILE.json] [--keep]
#        pipeline/scripts/prove.sh --control [--seed N] [--keep]
#   --faults   how many: kills, pauses, a market cut off, a batch forgotten, deaths within a commit (20)
#   --trades   how many are made a second, beside 50 prices (200)
#   --seed     repeats the faults of an earlier run, which told its seed
#   --report   also write what was found to a file
#   --control  kill Spark's own file sink instead, under the same load: its table must show rows twice, else this proves
#              nothing
#   --keep     leave the lake running in the end, to look at it
# The lake lies in a folder of its own below TMPDIR and has ports of its own: yours is not touched. It takes 6 GB of
# memory and 3 GB of disk; 20 faults take a quarter of an hour to half of one.
# Exit code: 0 nothing was lost or there twice (with --control: something was), 1 otherwise.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer_help "$@"
need_lake
exec "$PYTHON" -m proof "$@"
