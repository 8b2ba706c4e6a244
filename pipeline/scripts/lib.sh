# shellcheck shell=bash
# Shared by every script of Coinlake; sourced, never run. It exports COINLAKE_HOME, PYTHON and PYTHONPATH.

set -euo pipefail

COINLAKE_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export COINLAKE_HOME="${COINLAKE_HOME:-$COINLAKE_ROOT/.coinlake}"
# COINLAKE_PYTHON names another Python that has the packages already, such as a container's.
export PYTHON="${COINLAKE_PYTHON:-$COINLAKE_HOME/venv/bin/python}"
export PYTHONPATH="$COINLAKE_ROOT" PYTHONUNBUFFERED=1

SERVICE_WAIT_S=180     # the slowest start of all engines together, seen on two busy cores, is a quarter of it
SECONDS_BETWEEN_STARTS=2

# Print a message with the script's name to stderr and stop.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Stop where nothing was ever set up in this home.
need_lake() {
  [[ -x $PYTHON ]] || die "the lake was never set up in $COINLAKE_HOME: pipeline/scripts/pipeline_setup.sh does it"
}

# Wait until services do real work: wait_for_services NAME... (names of pipeline/health/probes.py)
# One Python process looks again and again: a new one for each look would take half a second of a processor.
wait_for_services() {
  "$PYTHON" -m pipeline.health.probes "$@" --timeout "$SERVICE_WAIT_S" ||
    die "gave up after $SERVICE_WAIT_S s; look at the logs in $COINLAKE_HOME/logs"
}

# Print the "# Summary:" and "# Usage:" header of the calling script.
show_usage() {
  sed -n '2,/^[^#]/{/^#/{s/^# \{0,1\}//;p;};}' "$0"
}

# Print the usage and stop, where one of the words asks for it: answer_help "$@"
answer_help() {
  local word
  for word in "$@"; do [[ $word != --help && $word != -h ]] || { show_usage; exit 0; }; done
}

# Begin a service's start script: answer --help, keep two starts of a service that ends at once apart, so that restarts
# do not eat a core, and give it a temporary folder of its own, emptied.
begin_service() {
  answer_help "$@"
  local name stamp last now
  name="$(basename "$0" .sh)"
  stamp="$COINLAKE_HOME/run/$name.started" # its time counts, which a full disk takes, too
  mkdir -p "$COINLAKE_HOME/run"
  last="$(stat -c %Y "$stamp" 2>/dev/null || true)"
  printf -v now '%(%s)T' -1
  ((now - ${last:-0} >= SECONDS_BETWEEN_STARTS)) || sleep "$SECONDS_BETWEEN_STARTS"
  touch "$stamp"
  export TMPDIR="$COINLAKE_HOME/data/tmp/$name" # not below run: a container's is no place for native libraries
  rm -rf "$TMPDIR"
  mkdir -p "$TMPDIR"
}

# Print the Python to run before there is a venv; the preflight tells when it is too old.
find_python() {
  local name
  for name in "${COINLAKE_PYTHON:-}" python3.13 python3.12 python3.11 python3; do
    if [[ -n $name ]] && "$name" -c '' 2>/dev/null; then
      printf '%s\n' "$name"
      return
    fi
  done
  die "no Python found: install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)"
}

# Print the path of the Java to run: JAVA_HOME's, else the one on PATH.
find_java() {
  if [[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]]; then
    printf '%s\n' "$JAVA_HOME/bin/java"
  else
    command -v java || die "no Java found: install a Java 17 runtime, or point JAVA_HOME at one"
  fi
}

# Set the array `java` to the beginning of a service's JVM command: nothing of it goes to /tmp, where a killed JVM leaves
# its files for good and another user's may be in the way.
use_java() {
  # shellcheck disable=SC2034  # used by the script that sources this
  java=("$(find_java)" "-Djava.io.tmpdir=$TMPDIR" -XX:-UsePerfData)
}

# Print the folder of a Python package; finding it imports nothing: package_folder NAME
package_folder() {
  "$PYTHON" -c 'import importlib.util as u, sys; print(u.find_spec(sys.argv[1]).submodule_search_locations[0])' "$1" ||
    die "no $1 in $PYTHON: run pipeline/scripts/pipeline_setup.sh"
}

# Print the folder of the jars that PyPI's pyspark carries.
pyspark_jars() {
  local folder
  folder="$(package_folder pyspark)" || return
  printf '%s/jars\n' "$folder"
}
