#!/usr/bin/env bash
# Summary: Make what everything else needs: the home's Python packages (a venv), and Java 17.
# Usage: bootstrap.sh [--dev]
#   --dev   with what only tests, linters and type checks need
# What is there already is left alone. With COINLAKE_PYTHON set, that Python is used and no venv is made.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
if [[ ${1:-} == --help ]]; then
  show_usage
  exit 0
fi

venv="$COINLAKE_HOME/venv"
stamp="$venv/.coinlake-lock"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/coinlake/uv"
here="$COINLAKE_ROOT/pipeline/cluster"
packages="$COINLAKE_ROOT/requirements.lock"
[[ ${1:-} != --dev ]] || packages="$COINLAKE_ROOT/requirements-dev.lock"
locks=("$here/bootstrap.lock" "$packages")

# Install packages of Debian or Ubuntu where we may: apt_install WHAT_FOR PACKAGE...
apt_install() {
  local what="$1"
  shift
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    die "$what is missing: install it (Debian, Ubuntu: apt-get install $*)"
  fi
  printf '%s is missing: installing %s\n' "$what" "$*"
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Make the venv where there is no working one.
make_venv() {
  local python version
  if "$venv/bin/python" -c 'import pip' 2>/dev/null; then return; fi
  python="$(find_python)"
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  # Debian keeps ensurepip in a package of its own.
  "$python" -c 'import venv, ensurepip' 2>/dev/null || apt_install "Python's venv module" "python$version-venv"
  printf 'making a venv with Python %s\n' "$version"
  "$python" -m venv --clear "$venv"
}

# Bring exactly the locked packages; every file's check sum is in the locks.
install_packages() {
  printf 'installing the Python packages\n'
  rm -f "$stamp"
  "$venv/bin/python" -m pip install --quiet --require-hashes -r "${locks[0]}"
  # Without isolation a build uses our setuptools, where isolation would fetch an unchecked one.
  local uv=("$venv/bin/uv" --cache-dir "$cache")
  "${uv[@]}" pip install --python "$venv/bin/python" --require-hashes --no-build-isolation -r "${locks[1]}"
  # Keeps only what was built here, pyspark (430 MB): the next venv of this machine takes seconds.
  "${uv[@]}" --quiet cache prune --ci
  cat "${locks[@]}" | sha256sum >"$stamp"
}

if [[ -z ${COINLAKE_PYTHON:-} ]] && ! cat "${locks[@]}" | sha256sum | cmp -s - "$stamp"; then
  mkdir -p "$COINLAKE_HOME"
  make_venv
  install_packages
fi
[[ -n ${JAVA_HOME:-} ]] || command -v java >/dev/null || apt_install "Java 17" openjdk-17-jre-headless
