#!/usr/bin/env bash
# A database server that can be killed and started again: own_server.sh SERVERS.SH ENGINE
#
# Tells its URL, then obeys: "kill" ends the server with SIGKILL and says "killed"; "start" starts it again and says "up", or
# "lost" where the server does not come back by itself. All is gone when its input ends.
set -euo pipefail
# shellcheck source=tests/support/servers.sh
. "$1"
readonly ENGINE=$2
servers_open

case $ENGINE in
postgres) servers_postgres server && url=$POSTGRES_URL ;;
mariadb) servers_mariadb server && url=$MARIADB_URL ;;
esac
pid=${SERVERS_RUNNING[0]%:*}
mapfile -d '' -t command <"/proc/$pid/cmdline" # as it was started
echo "$url"

# The processes of PostgreSQL leave one after the other; until then a new server refuses to start.
start() {
  local try log=$SERVERS_DIR/again.log
  for ((try = 0; try < 40; try++)); do
    : >"$log" # or the last start's words would be taken for this one's
    servers_as KILL "${command[@]}" >"$log" 2>&1 &
    pid=$!
    SERVERS_RUNNING=("$pid:KILL")
    if servers_wait "$pid" is_ready "$log"; then return 0; fi
    wait "$pid" 2>/dev/null || true
    sleep 0.1
  done
  tail -n 20 "$log" >&2
  return 1
}

is_ready() {
  case $ENGINE in
  postgres) postgres_is_ready "$SERVERS_DIR/server/data" && grep -q 'ready to accept connections' "$1" ;;
  mariadb) mariadb_is_ready "$1" ;;
  esac
}

while read -r order; do
  case $order in
  kill)
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    echo killed
    ;;
  start) if start; then echo up; else echo lost; fi ;;
  esac
done
