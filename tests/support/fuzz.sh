# shellcheck shell=bash
# The fuzz targets of fuzz/, each for as long as one likes. Sourced by ./test.
#
#   fuzz [--seconds N] [TARGET...]
#
# cargo-fuzz is installed by cargo into target/. Its coverage needs what only nightly compilers offer without asking;
# RUSTC_BOOTSTRAP asks the stable one for it. Without a sanitizer: windlass has no memory of its own to watch over.
# What was found before is begun with, from fuzz/seeds; what is found now goes to fuzz/corpus, and what breaks a target to
# fuzz/artifacts.

readonly FUZZ_VERSION=0.13.2
readonly FUZZ_SECONDS=60
readonly FUZZ_TARGETS=(split metadata settings token)
readonly FUZZ_TOOLS=$PWD/target/fuzz-tools
readonly FUZZ_LENGTH_MAX=4096

fuzz_arguments() {
  local seconds=$FUZZ_SECONDS
  FUZZ_CHOSEN=()
  while (($#)); do
    case $1 in
    --seconds)
      if ! [[ ${2-} =~ ^[1-9][0-9]{0,8}$ ]]; then
        echo "./test fuzz: --seconds ${2:-without a value} is no number of seconds" >&2 && return 64
      fi
      seconds=$2 && shift 2
      ;;
    *)
      if [[ " ${FUZZ_TARGETS[*]} " != *" $1 "* ]]; then
        echo "./test fuzz: $1 is no target; there are ${FUZZ_TARGETS[*]}" >&2 && return 64
      fi
      FUZZ_CHOSEN+=("$1") && shift
      ;;
    esac
  done
  FUZZ_FOR=$seconds
  if ((${#FUZZ_CHOSEN[@]} == 0)); then FUZZ_CHOSEN=("${FUZZ_TARGETS[@]}"); fi
}

fuzz_install() {
  if [[ -x $FUZZ_TOOLS/bin/cargo-fuzz ]]; then return; fi
  cargo install cargo-fuzz --version "$FUZZ_VERSION" --locked --quiet --root "$FUZZ_TOOLS" --target-dir "$FUZZ_TOOLS/build"
}

# fuzz_one TARGET: until the time is over, or something is found.
fuzz_one() {
  local target=$1 log=$FUZZ_TOOLS/$1.log status=0
  local -a dictionary=()
  if [[ -f fuzz/$target.dict ]]; then dictionary=("-dict=fuzz/$target.dict"); fi
  mkdir -p "fuzz/corpus/$target"
  RUSTC_BOOTSTRAP=1 PATH=$FUZZ_TOOLS/bin:$PATH cargo fuzz run --sanitizer none --target-dir "$FUZZ_TOOLS/target" "$target" \
    "fuzz/corpus/$target" "fuzz/seeds/$target" -- "-max_total_time=$FUZZ_FOR" "-max_len=$FUZZ_LENGTH_MAX" \
    "${dictionary[@]}" -timeout=10 -print_final_stats=1 2>&1 | tee "$log" | grep -v '^#\|^INFO' || status=${PIPESTATUS[0]}
  echo "fuzz: $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions, status $status"
  return "$status"
}

fuzz() {
  local target status=0
  for target in "${FUZZ_CHOSEN[@]}"; do fuzz_one "$target" || status=$?; done
  return "$status"
}
