# shellcheck shell=bash
# The torture of tests/torture, as long as one likes. Sourced by ./test.
#
#   torture [--hours N] [--points N] [--schedules N] [--seed S] [KIND...] [ENGINE...]
#   torture backfill [--rows N] [--kills N] [ENGINE...]
#   torture --only 'TRIAL'
#
# A KIND: kill_points, schedules, ghosts, servers, backfill, ablations; without any, all of them. Without a number, the
# bounded slice that is part of every run. N hours are for all of it; N points for each engine's kill points, with the rest in
# proportion; N schedules for all engines together. The seed is told with every result, and repeats the order of the trials.
# A TRIAL is what stands behind BROKEN where one failed.

readonly TORTURE_ENGINES=(sqlite postgres mariadb)

# torture_refuse WORDS...: nothing is run that was not asked for.
torture_refuse() { echo "./test torture: $*" >&2 && return 64; }

# torture_number NAME VALUE: exports it where it is a number above 0; hours may have a fraction.
torture_number() {
  local pattern='^[0-9]*[1-9][0-9]*$'
  if [[ $1 == HOURS ]]; then pattern='^([0-9]*[1-9][0-9]*(\.[0-9]+)?|0?\.[0-9]*[1-9][0-9]*)$'; fi
  if [[ $1 == SEED ]]; then pattern='^[0-9]+$'; fi
  if ! [[ $2 =~ $pattern && ${#2} -le 18 ]]; then torture_refuse "--${1,,} ${2:-without a value} is no number that fits"; fi || return
  export "WINDLASS_TORTURE_$1=$2"
}

torture_arguments() {
  local -a kinds=() engines=()
  local kind engine
  TORTURE_FILTERS=()
  while (($#)); do
    case $1 in
    --hours | --points | --schedules | --seed | --rows | --kills)
      kind=${1#--}
      torture_number "${kind^^}" "${2-}" || return
      if [[ $kind == schedules ]]; then kinds+=(schedules); fi
      if [[ $kind == rows || $kind == kills ]]; then kinds+=(backfill); fi
      shift 2
      ;;
    --only)
      if ! [[ ${2-} =~ ^(BROKEN )?(sqlite|postgres|mariadb)\ [a-z-]+:\ .+ ]]; then
        torture_refuse "--only ${2:-without a value} is no trial; a failure names one behind BROKEN" || return
      fi
      export WINDLASS_TORTURE_ONLY=$2 && shift 2
      ;;
    sqlite | postgres | mariadb) engines+=("$1") && shift ;;
    kill_points | schedules | ghosts | servers | restores | backfill | ablations) kinds+=("$1") && shift ;;
    *) torture_refuse "$1 is not understood" || return ;;
    esac
  done
  if [[ -n ${WINDLASS_TORTURE_ONLY-} ]]; then TORTURE_FILTERS=(only::) && return; fi
  for kind in "${kinds[@]-}"; do
    if [[ $kind == ablations ]]; then TORTURE_FILTERS+=(ablations::) && continue; fi
    for engine in "${engines[@]-}"; do
      if [[ -n $kind$engine ]]; then TORTURE_FILTERS+=("$kind::$engine"); fi
    done
  done
  torture_schedules "${#engines[@]}"
}

# What was asked for is the sum over the engines.
torture_schedules() {
  local engines=$1
  if [[ -z ${WINDLASS_TORTURE_SCHEDULES-} ]]; then return; fi
  if ((engines == 0)); then engines=${#TORTURE_ENGINES[@]}; fi
  WINDLASS_TORTURE_SCHEDULES=$(((WINDLASS_TORTURE_SCHEDULES + engines - 1) / engines))
}

# shellcheck disable=SC2317 # run by servers_watch
torture_run() {
  cargo test --locked --features failpoints --test torture -- --nocapture "${TORTURE_FILTERS[@]}"
}

# Tells what came of it as a table, which stays in target/torture.md.
torture() {
  local status=0 table=${CARGO_TARGET_DIR:-target}/torture.md
  rm -f "$table"
  servers_watch torture_run || status=$?
  if [[ -f $table && -z ${WINDLASS_TORTURE_ONLY-} ]]; then echo && cat "$table"; fi
  return "$status"
}
