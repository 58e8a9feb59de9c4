# shellcheck shell=bash
# A server that speaks S3, for the tests of snapshots in a bucket: moto's, which keeps conditions, ranges and uploads as Amazon's
# does (rclone's ignores If-Match and If-None-Match, and answers a range with 200).
#
#   . tests/support/s3.sh
#   s3_install    into target/moto, from PyPI; fails when it cannot be had
#   s3_serve      a server of its own with an empty bucket `windlass`; needs servers_open, and servers_close ends it; sets
#                 WINDLASS_TEST_S3_URL. It takes any key.

readonly S3_MOTO_VERSION=5.2.1
readonly S3_HOME=$PWD/target/moto

s3_install() {
  local python=$S3_HOME/bin/python
  if "$python" -c "import importlib.metadata as m; assert m.version('moto') == '$S3_MOTO_VERSION'" 2>/dev/null
  then return; fi
  rm -rf -- "$S3_HOME"
  python3 -m venv "$S3_HOME" || return
  "$python" -m pip install --quiet --disable-pip-version-check "moto[s3,server]==$S3_MOTO_VERSION"
}

# Makes the bucket, once the server answers.
s3_is_ready() {
  python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1] + "/windlass", method="PUT"), timeout=5)' \
    "http://127.0.0.1:$1" 2>/dev/null
}

s3_serve() {
  local log=$SERVERS_DIR/s3.log port pid try
  for ((try = 0; try < START_TRIES_MAX; try++)); do
    port=$(servers_port)
    "$S3_HOME/bin/moto_server" -H 127.0.0.1 -p "$port" >"$log" 2>&1 &
    pid=$!
    if servers_wait "$pid" s3_is_ready "$port"; then
      SERVERS_RUNNING+=("$pid:KILL")
      export WINDLASS_TEST_S3_URL=http://127.0.0.1:$port
      return 0
    fi
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  tail -n 20 "$log" >&2
  return 1
}
