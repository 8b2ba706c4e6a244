# shellcheck shell=bash
# Sourced after lib.sh by the scripts that work on a running lake: where it runs in containers, they continue inside.

export COINLAKE_INSIDE=/var/lib/coinlake # the home in a container

# Call Docker Compose on the containers of this home.
compose() {
  docker compose --project-directory "$COINLAKE_ROOT" --env-file "$COINLAKE_HOME/docker.env" "$@"
}

# Tell whether the lake of this home is one of containers.
is_in_containers() {
  [[ -f $COINLAKE_HOME/docker.env ]]
}

# Print what a service is called in the profile in use: a cluster's Presto is its coordinator.
service_name() {
  if [[ $1 == presto ]] && grep -Eq '^COMPOSE_PROFILES=cluster(,|$)' "$COINLAKE_HOME/docker.env"; then
    printf 'presto-coordinator\n'
  else
    printf '%s\n' "$1"
  fi
}

# Where the lake is one of containers, become the same script in a service's container: in_container SERVICE "$@"
in_container() {
  is_in_containers || return 0
  local service="$1" inside terminal=(--no-TTY)
  shift
  inside="/opt/coinlake/$(realpath --relative-to "$COINLAKE_ROOT" "$0")"
  [[ ! -t 0 || ! -t 1 ]] || terminal=()
  compose exec "${terminal[@]}" "$(service_name "$service")" "$inside" "$@"
  exit
}

# Copy a file into a service's container and print its path there: bring_in SERVICE FILE FOLDER
bring_in() {
  local inside
  inside="$3/$(basename "$2")"
  compose exec --no-TTY "$(service_name "$1")" mkdir -p "$3"
  compose exec --no-TTY "$(service_name "$1")" dd "of=$inside" status=none <"$2"
  printf '%s\n' "$inside"
}
