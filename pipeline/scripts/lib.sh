# shellcheck shell=bash
# The shared part of every script of Coinlake: sourced, never run.
# It finds the checkout and exports COINLAKE_HOME, PYTHON and PYTHONPATH.

set -euo pipefail

COINLAKE_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export COINLAKE_HOME="${COINLAKE_HOME:-$COINLAKE_ROOT/.coinlake}"
# COINLAKE_PYTHON names another Python that has the packages already, such as a container's.
export PYTHON="${COINLAKE_PYTHON:-$COINLAKE_HOME/venv/bin/python}"
export PYTHONPATH="$COINLAKE_ROOT"
export PYTHONUNBUFFERED=1

# Print a message with the script's name to stderr and stop.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Run a command again and again until it succeeds: wait_for SECONDS COMMAND...
# Its output is kept back; when the time is over, the last one is shown and the exit code is 1.
wait_for() {
  local deadline=$((SECONDS + $1)) output
  shift
  until output="$("$@" 2>&1)"; do
    if ((SECONDS >= deadline)); then
      printf '%s: gave up waiting for: %s\n%s\n' "$(basename "$0")" "$*" "$output" >&2
      return 1
    fi
    sleep 0.2
  done
}

# Print the "# Summary:" and "# Usage:" header of the calling script.
show_usage() {
  sed -n '2,/^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$0"
}

# Print the path of the Java to run: JAVA_HOME's, else the one on PATH.
find_java() {
  if [[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]]; then
    printf '%s\n' "$JAVA_HOME/bin/java"
  else
    command -v java || die "no Java found: install a Java 17 runtime, or point JAVA_HOME at one"
  fi
}
