# shellcheck shell=bash disable=SC2034 # what is set here is for whoever reads this file
# Private PostgreSQL, MariaDB and MySQL servers for a test run, and the way they all end.
#
#   . tests/support/servers.sh
#   servers_open            one private directory; it and every server go when the shell exits
#   servers_postgres NAME   starts PostgreSQL; sets POSTGRES_URL
#   servers_mariadb NAME    starts MariaDB or MySQL; sets MARIADB_URL
#
# Works as root (the servers, which refuse to be root, then run as `nobody`) and as an ordinary user.
# Each listens on 127.0.0.1 alone, on a port of its own, with its files in the private directory.

readonly START_TRIES_MAX=5     # ports to try for one server
readonly START_POLLS_MAX=1200  # of 50 ms each: how long a server may take to answer
readonly PORT_FIRST=20000      # below the range from which the kernel serves outgoing connections
readonly PORT_COUNT=12000

# Makes the private directory, in SERVERS_PARENT where that is set. Its name is short, and does not follow TMPDIR: a socket's path has
# 107 bytes at most.
servers_open() {
  SERVERS_DIR=$(mktemp -d "${SERVERS_PARENT:-/tmp}/wl.XXXXXX") || return
  SERVERS_RUNNING=() # PID:SIGNAL
  SERVERS_CHILD=     # process group of the command that servers_watch runs
  chmod 711 "$SERVERS_DIR"
  trap servers_close EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Ends every server and removes every file; keeps the exit status.
servers_close() {
  local status=$? entry
  trap - EXIT
  trap '' HUP INT TERM
  if [[ -n $SERVERS_CHILD ]]; then
    kill -TERM -- "-$SERVERS_CHILD" 2>/dev/null || true
    wait "$SERVERS_CHILD" 2>/dev/null || true
  fi
  for entry in "${SERVERS_RUNNING[@]}"; do kill -"${entry#*:}" "${entry%:*}" 2>/dev/null || true; done
  for entry in "${SERVERS_RUNNING[@]}"; do wait "${entry%:*}" 2>/dev/null || true; done
  rm -rf -- "$SERVERS_DIR"
  exit "$status"
}

# Ends the server that was started last.
servers_stop_last() {
  local entry=${SERVERS_RUNNING[-1]}
  unset 'SERVERS_RUNNING[-1]'
  kill -"${entry#*:}" "${entry%:*}" 2>/dev/null || true
  wait "${entry%:*}" 2>/dev/null || true
}

# servers_watch COMMAND...: runs it in a process group of its own, so that a signal to this shell ends it at once,
# and its children with it.
servers_watch() {
  local status=0
  set -m
  "$@" </dev/null &
  SERVERS_CHILD=$!
  set +m
  wait "$SERVERS_CHILD" || status=$?
  SERVERS_CHILD=
  return "$status"
}

# servers_as SIGNAL COMMAND...: replaces this subshell by COMMAND, as the servers' user. COMMAND gets SIGNAL when
# this shell dies, even of SIGKILL.
servers_as() {
  local signal=$1
  shift
  cd "$SERVERS_DIR" || exit
  unset TMPDIR # the caller's own, perhaps closed to this user
  if ((EUID == 0)); then
    exec setpriv --reuid="$(id -u nobody)" --regid="$(id -g nobody)" --clear-groups --pdeathsig "$signal" -- "$@"
  elif command -v setpriv >/dev/null; then
    exec setpriv --pdeathsig "$signal" -- "$@"
  else
    exec "$@"
  fi
}

# servers_directory NAME: an empty directory that belongs to the servers' user.
servers_directory() {
  mkdir -m 700 "$SERVERS_DIR/$1" && { ((EUID != 0)) || chown nobody "$SERVERS_DIR/$1"; }
}

# An unused port of 127.0.0.1. Another process may take it first, so whoever uses it tries again.
servers_port() {
  local port
  while port=$((PORT_FIRST + RANDOM % PORT_COUNT)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# The newest installed PostgreSQL's programs, unless POSTGRES_BIN says which.
servers_postgres_bin() {
  local directory newest
  if [[ -n ${POSTGRES_BIN-} ]]; then echo "$POSTGRES_BIN" && return; fi
  newest=$(for directory in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin; do
    [[ ! -x $directory/initdb ]] || echo "$directory"
  done | sort -V | tail -n 1)
  if [[ -n $newest ]]; then
    echo "$newest"
  elif command -v initdb >/dev/null; then
    dirname "$(command -v initdb)"
  else
    return 1
  fi
}

# The MariaDB or MySQL server program, unless MARIADB_SERVER says which.
servers_mariadb_program() {
  local PATH=$PATH:/usr/sbin:/usr/libexec
  if [[ -n ${MARIADB_SERVER-} ]]; then echo "$MARIADB_SERVER"; else command -v mariadbd || command -v mysqld; fi
}

# servers_wait PID COMMAND...: until COMMAND succeeds; fails when the process ends or the time is over.
servers_wait() {
  local pid=$1 poll
  shift
  for ((poll = 0; poll < START_POLLS_MAX; poll++)); do
    if "$@"; then return 0; fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# Line 8 of postmaster.pid is what `pg_ctl -w` waits for too.
postgres_is_ready() { [[ $(sed -n 8p "$1/postmaster.pid" 2>/dev/null) == ready* ]]; }
mariadb_is_ready() { grep -q 'ready for connections' "$1"; }

# servers_postgres NAME [OPTION...]: starts PostgreSQL; sets POSTGRES_URL. POSTGRES_BIN: its programs, where not the newest here.
# Nothing is synced: safe when a process is killed, and the files are thrown away anyway. `synchronous_commit` stays
# on, or a killed server would forget commits that a test relies on.
servers_postgres() {
  local name=$1 bin directory log port pid try
  bin=$(servers_postgres_bin) || { echo "no PostgreSQL server programs found" >&2 && return 1; }
  servers_directory "$name" || return
  directory=$SERVERS_DIR/$name log=$SERVERS_DIR/$name.log
  (servers_as KILL "$bin/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) \
    >"$log" 2>&1 || { cat "$log" >&2 && return 1; }
  for ((try = 0; try < START_TRIES_MAX; try++)); do
    port=$(servers_port)
    # Not by pg_ctl, so that it is this shell's child; SIGQUIT is its immediate shutdown.
    servers_as QUIT "$bin/postgres" -D "$directory/data" -p "$port" -k "$directory" \
      -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB \
      -c fsync=off -c full_page_writes=off "${@:2}" >>"$log" 2>&1 &
    pid=$!
    if servers_wait "$pid" postgres_is_ready "$directory/data"; then
      SERVERS_RUNNING+=("$pid:QUIT")
      POSTGRES_URL=postgres://postgres@127.0.0.1:$port/postgres
      return 0
    fi
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    grep -q 'could not bind' "$log" || break
  done
  tail -n 20 "$log" >&2
  return 1
}

# servers_mariadb NAME [OPTION...]: starts MariaDB, or MySQL where that is what is installed; sets MARIADB_URL. User root, no
# password. MARIADB_SERVER, MARIADB_BASE: the program and the directory of its tables, where not the machine's.
# Ended with SIGKILL; `innodb_flush_log_at_trx_commit` stays 1, so that a killed server keeps its commits.
servers_mariadb() {
  local name=$1 server directory log port pid try
  local -a options make
  server=$(servers_mariadb_program) || { echo "no MariaDB or MySQL server program found" >&2 && return 1; }
  servers_directory "$name" || return
  directory=$SERVERS_DIR/$name log=$SERVERS_DIR/$name.log
  # --no-defaults first, or the machine's /etc/mysql and ~/.my.cnf are read.
  options=(--no-defaults ${MARIADB_BASE:+--basedir="$MARIADB_BASE"} --datadir="$directory/data"
    --innodb-flush-method=nosync --innodb-buffer-pool-size=64M --character-set-server=utf8mb4)
  if [[ $("$server" --no-defaults --version) == *MariaDB* ]]; then
    options+=(--debug-no-sync --innodb-log-file-size=8M --skip-name-resolve)
    make=("${MARIADB_BASE:+$MARIADB_BASE/bin/}mariadb-install-db" "${options[@]}"
      --auth-root-authentication-method=normal --skip-test-db)
  else
    # MySQL's root exists for `localhost` only: names must be resolved. --mysqlx=OFF: or it takes a second port.
    # --secure-file-priv: or Debian's build wants a directory in /var/lib.
    options+=(--innodb-redo-log-capacity=8M --mysqlx=OFF --skip-log-bin --secure-file-priv=)
    make=("$server" "${options[@]}" --initialize-insecure)
  fi
  (servers_as KILL "${make[@]}") >"$log" 2>&1 || { cat "$log" >&2 && return 1; }
  for ((try = 0; try < START_TRIES_MAX; try++)); do
    port=$(servers_port)
    servers_as KILL "$server" "${options[@]}" --socket="$directory/s" --pid-file="$directory/pid" \
      --tmpdir="$directory" --bind-address=127.0.0.1 --port="$port" --max-connections=200 "${@:2}" >"$log" 2>&1 &
    pid=$!
    if servers_wait "$pid" mariadb_is_ready "$log"; then
      SERVERS_RUNNING+=("$pid:KILL")
      MARIADB_URL=mysql://root@127.0.0.1:$port/mysql
      return 0
    fi
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    grep -qi 'address already in use' "$log" || break
  done
  tail -n 20 "$log" >&2
  return 1
}
