# shellcheck shell=bash
# The HTTP API against its own description: schemathesis makes requests out of the document, and fails on every answer that
# the document does not have, and on every status of 500 and above.
#
#   . tests/support/schemathesis.sh
#   schemathesis_install         into target/schemathesis; fails when it cannot be had
#   schemathesis_run WINDLASS    with a service of its own; needs servers_open, and servers_close ends the service

readonly SCHEMATHESIS_VERSION=4.32.5
readonly SCHEMATHESIS_HOME=$PWD/target/schemathesis
readonly SCHEMATHESIS_CONFIG=$PWD/tests/support/schemathesis.toml
readonly SCHEMATHESIS_READY_POLLS_MAX=600 # of 50 ms each

schemathesis_install() {
  local python=$SCHEMATHESIS_HOME/bin/python
  if "$python" -c "import importlib.metadata as m; assert m.version('schemathesis') == '$SCHEMATHESIS_VERSION'" 2>/dev/null
  then return; fi
  rm -rf -- "$SCHEMATHESIS_HOME"
  python3 -m venv "$SCHEMATHESIS_HOME" || return
  "$python" -m pip install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION"
}

# schemathesis_serve WINDLASS: a service over an empty SQLite database and the sample catalog; sets SCHEMATHESIS_URL.
schemathesis_serve() {
  local catalog=$PWD/migrations folder=$SERVERS_DIR/tmp/schemathesis tries=0 said=
  mkdir -p "$folder"
  (
    cd "$folder" || exit
    exec env WINDLASS__CATALOG__PATH="$catalog" WINDLASS__SERVER__LISTEN=127.0.0.1:0 WINDLASS__POLICY__PATH=through \
      WINDLASS__SERVER__RATE_LIMIT_EXEMPT=127.0.0.0/8 "$1" serve 2>"$folder/log"
  ) &
  SERVERS_RUNNING+=("$!:KILL")
  SCHEMATHESIS_URL=
  until [[ $said == ok ]]; do
    if ((++tries > SCHEMATHESIS_READY_POLLS_MAX)); then
      echo "./test: windlass did not come up:" >&2
      cat "$folder/log" >&2
      return 1
    fi
    sleep 0.05
    SCHEMATHESIS_URL=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$folder/log")
    said=$(python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1] + "/readyz").read().decode())' \
      "$SCHEMATHESIS_URL" 2>/dev/null) || true
  done
  WINDLASS_TEST_TOKEN=$(cd "$folder" && "$1" token --subject schemathesis)
  export WINDLASS_TEST_TOKEN
}

schemathesis_run() {
  schemathesis_serve "$1" || return
  (cd "$SERVERS_DIR/tmp" && "$SCHEMATHESIS_HOME/bin/schemathesis" --config-file "$SCHEMATHESIS_CONFIG" run \
    "$SCHEMATHESIS_URL/api/openapi.json" --no-color)
}
