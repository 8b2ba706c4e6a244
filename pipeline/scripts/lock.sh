# shellcheck shell=bash
# Sourced after lib.sh by the verbs that change what runs: only one of them at a time works on a home.

# Take the home's lock until this process, and what it becomes by exec, has ended; stop when another one has it.
take_lock() {
  mkdir -p "$COINLAKE_HOME/run"
  exec 9>>"$COINLAKE_HOME/run/lock"
  flock --nonblock 9 || die "pid $(<"$COINLAKE_HOME/run/lock") is setting this home up or taking it down:" \
    "wait for it, or stop it ($COINLAKE_HOME)"
  : >"$COINLAKE_HOME/run/lock"
  printf '%s\n' "$$" >&9
}
