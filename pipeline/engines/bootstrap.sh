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
cache="${XDG_CACHE_HOME:-$HOME/.cache}/coinlake/uv"
here="$COINLAKE_ROOT/pipeline/engines"
locks=(requirements-dev.lock) # holds the other one's packages, too
[[ ${1:-} == --dev ]] || locks+=(requirements.lock)

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

# Tell whether the venv was made from a lock as it is now.
is_installed() {
  [[ -f $COINLAKE_ROOT/$1 ]] || return 1 # an image is made without the one for tests
  cat "$here/bootstrap.lock" "$COINLAKE_ROOT/$1" | sha256sum | cmp -s - "$venv/.$1.installed"
}

# Say what to do about a failed download, whose own words stand above, and stop.
die_of_download() {
  die "the Python packages could not be installed (see above): check the network, or HTTPS_PROXY; behind a proxy with" \
    "certificates of its own let SSL_CERT_FILE and PIP_CERT name a file that holds them. Then run the same command again"
}

# Bring exactly the packages of a lock; every file's check sum is in it.
install_packages() {
  local uv=("$venv/bin/uv" --cache-dir "$cache")
  [[ -t 2 ]] || uv+=(--quiet)  # bars on a terminal; elsewhere only 130 lines of package names would be left of them
  printf 'installing the Python packages of %s\n' "$1"
  rm -f "$venv"/.*.installed
  "$venv/bin/python" -m pip install --quiet --require-hashes -r "$here/bootstrap.lock" || die_of_download
  # Without isolation a build uses our setuptools, where isolation would fetch an unchecked one.
  uv+=(pip install --python "$venv/bin/python" --require-hashes --no-build-isolation -r "$COINLAKE_ROOT/$1")
  # uv trusts certificates that it brings along; a company's proxy may be known to the system alone.
  "${uv[@]}" || "${uv[@]}" --system-certs || die_of_download
  # Keeps only what was built here, pyspark (430 MB): the next venv of this machine takes seconds.
  "$venv/bin/uv" --cache-dir "$cache" --quiet cache prune --ci
  cat "$here/bootstrap.lock" "$COINLAKE_ROOT/$1" | sha256sum >"$venv/.$1.installed"
}

# Bring the packages unless one of the locks that hold them all is installed.
ensure_packages() {
  local lock
  for lock in "${locks[@]}"; do
    ! is_installed "$lock" || return 0
  done
  mkdir -p "$COINLAKE_HOME"
  make_venv
  install_packages "${locks[-1]}"
}

[[ -n ${COINLAKE_PYTHON:-} ]] || ensure_packages
[[ -n ${JAVA_HOME:-} ]] || command -v java >/dev/null || apt_install "Java 17" openjdk-17-jre-headless
