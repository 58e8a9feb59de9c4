# shellcheck shell=bash
# The torture of tests/torture, as long as one likes. Sourced by ./test.
#
#   torture [--hours N] [--seed S] [--points N] [--only 'SCENARIO: FAULTS'] [ENGINE...]
#
# Without hours or points, the bounded slice that is part of every run. N hours are for all of it, N points for each engine's
# kill points, with the rest in proportion. The seed is told with every result, and repeats the order of the trials.

torture_arguments() {
  TORTURE_FILTERS=()
  while (($#)); do
    case $1 in
    --hours) export WINDLASS_TORTURE_HOURS=$2 && shift 2 ;;
    --points) export WINDLASS_TORTURE_POINTS=$2 && shift 2 ;;
    --seed) export WINDLASS_TORTURE_SEED=$2 && shift 2 ;;
    --only) export WINDLASS_TORTURE_ONLY=$2 && shift 2 ;;
    sqlite | postgres | mariadb | ablations | schedules | ghosts | servers | restores) TORTURE_FILTERS+=("$1") && shift ;;
    *) echo "./test torture: $1 is not understood" >&2 && return 64 ;;
    esac
  done
}

# shellcheck disable=SC2317 # run by servers_watch
torture_run() {
  cargo test --locked --features failpoints --test torture -- --nocapture "${TORTURE_FILTERS[@]}"
}

torture() {
  servers_watch torture_run
}
