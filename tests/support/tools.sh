# shellcheck shell=bash
# Other migration tools themselves, for the tests that ask whether they agree with what windlass took over. Sourced by ./test.
#
#   tools    installs them into target/tools, and runs those tests
#
# sqlx, Diesel and refinery are built by cargo, dbmate and Prisma come from npm (no script of which is run), Rails's migrations with
# Debian's packages.

readonly TOOLS_HOME=$PWD/target/tools
readonly TOOLS_PACKAGES=(libpq-dev libmariadb-dev libmariadb-dev-compat ruby ruby-activerecord ruby-sqlite3 ruby-pg ruby-mysql2 npm)
readonly TOOLS_DBMATE=2.36.0
readonly TOOLS_PRISMA=6.19.0
# A crate, its version, its program, and what it is built with.
readonly TOOLS_CRATES=(
  "sqlx-cli 0.9.0 sqlx --no-default-features --features sqlite,postgres,mysql"
  "diesel_cli 2.3.14 diesel --no-default-features --features sqlite-bundled,postgres,mysql"
  "refinery_cli 0.10.0 refinery --no-default-features --features sqlite-bundled,postgresql,mysql"
)

tools_there() {
  command -v npm >/dev/null && command -v ruby >/dev/null && command -v mariadb_config >/dev/null &&
    command -v pg_config >/dev/null && ruby -e 'require "active_record"; %w[sqlite3 pg mysql2].each { |it| require it }' 2>/dev/null
}

# tools_crate CRATE VERSION PROGRAM OPTION...: quick to build, for it runs a few times only.
tools_crate() {
  if [[ -x $TOOLS_HOME/bin/$3 ]]; then return; fi
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --quiet --locked --root "$TOOLS_HOME" \
    --target-dir "$TOOLS_HOME/build" --version "$2" "$1" "${@:4}"
}

# Prisma, whose own engine is not fetched: a name that is set keeps it from trying.
tools_prisma() {
  local folder=$TOOLS_HOME/prisma
  if [[ ! -d $folder/node_modules/prisma ]]; then
    mkdir -p "$folder"
    echo '{ "private": true }' >"$folder/package.json"
    (cd "$folder" && npm install --silent --ignore-scripts --no-audit --no-fund "prisma@$TOOLS_PRISMA" \
      "@prisma/adapter-libsql@$TOOLS_PRISMA") || return
  fi
  cp tests/support/prisma.config.ts "$folder/"
  printf '#!/bin/sh\ncd %q && PRISMA_QUERY_ENGINE_LIBRARY=/bin/true PRISMA_SCHEMA_ENGINE_BINARY=/bin/true exec %s "$@"\n' \
    "$folder" 'node node_modules/prisma/build/index.js' >"$TOOLS_HOME/bin/prisma"
  chmod 755 "$TOOLS_HOME/bin/prisma"
}

tools_install() {
  local entry
  local -a words
  mkdir -p "$TOOLS_HOME/bin"
  tools_there || install "${TOOLS_PACKAGES[@]}" || {
    echo "./test: could not install it. As root: apt-get install --no-install-recommends ${TOOLS_PACKAGES[*]}" >&2
    return 1
  }
  for entry in "${TOOLS_CRATES[@]}"; do
    read -ra words <<<"$entry"
    tools_crate "${words[@]}" || return
  done
  if [[ ! -x $TOOLS_HOME/bin/dbmate ]]; then
    (cd "$TOOLS_HOME" && npm pack --silent "@dbmate/linux-$(node -p process.arch)@$TOOLS_DBMATE" >/dev/null &&
      tar -xzf dbmate-linux-*.tgz package/bin/dbmate && mv package/bin/dbmate bin/dbmate && chmod 755 bin/dbmate) || return
  fi
  tools_prisma || return
  printf '#!/bin/sh\nexec ruby %q "$@"\n' "$PWD/tests/support/rails.rb" >"$TOOLS_HOME/bin/rails"
  chmod 755 "$TOOLS_HOME/bin/rails"
}

tools() {
  tools_install
  open_servers
  WINDLASS_TEST_TOOLS=$TOOLS_HOME servers_watch cargo_test -- --ignored adopt::tools::
}
