#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test. The last line is
#   N passed, N failed[, N skipped]
# and the exit status is 0 only if nothing failed.
#
# Usage: scripts/check.sh [options]
#   --preset NAME   CMake preset: release (default), debug or sanitize
#   --only LAYERS   comma-separated subset of unit,lit,python,fuzz; the last two by
#                   default with the preset release only: no Python loads a library
#                   with sanitizers, and fuzz has a build of its own
#   --lint          also check formatting (clang-format, ruff)
#   --no-install    don't install anything
# SPATTN_JOBS sets the number of jobs.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SPATTN_ROOT"
exec </dev/null

preset=release
only=
lint=false
install=true
while [[ $# -gt 0 ]]; do
  case $1 in
  --preset | --only)
    [[ $# -gt 1 ]] || die "$1 needs a value"
    if [[ $1 == --preset ]]; then preset=$2; else only=$2; fi
    shift
    ;;
  --preset=*) preset=${1#*=} ;;
  --only=*) only=${1#*=} ;;
  --lint) lint=true ;;
  --no-install) install=false ;;
  -h | --help)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 0
    ;;
  *) die "unknown option '$1'; try --help" ;;
  esac
  shift
done
[[ -n $only ]] || only=unit,lit$([[ $preset != release ]] || echo ,python,fuzz)
for layer in ${only//,/ }; do
  case $layer in
  unit | lit | python | fuzz) ;;
  *) die "no test layer '$layer'; there are unit, lit, python and fuzz" ;;
  esac
done
wants() { [[ ,$only, == *,$1,* ]]; }

build=$(build_dir "$preset")
results=$SPATTN_ROOT/$build/test-results
reports=()

# summarize NAME=FORMAT:STATUS:FILE...
summarize() {
  local python=$SPATTN_PYTHON
  [[ -x $python ]] || python=python3
  echo
  printf '%s\n' "${PHASE_TIMES[@]}"
  echo
  "$python" scripts/summarize.py "$@"
}

# A step that must succeed before any test can run; it counts as one failure.
require() {
  local rc=0
  phase "$@" || rc=$?
  [[ $rc -ne 0 ]] || return 0
  echo
  printf '%s\n' "${PHASE_TIMES[@]}"
  printf '\n%s failed, so no test ran\n0 passed, 1 failed\n' "$1"
  exit 1
}

# test_layer NAME FORMAT FILE COMMAND...
test_layer() {
  local name=$1 format=$2 file=$results/$3 rc=0
  shift 3
  rm -f "$file"
  phase "$name" "$@" || rc=$?
  reports+=("$name=$format:$rc:$file")
}

run_unit() {
  ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout 600 \
    -j "$(nproc)" --output-junit "$results/unit.xml"
}

run_lit() {
  local lit
  lit=$(sed -n 's/^LLVM_EXTERNAL_LIT:[A-Z]*=//p' "$build/CMakeCache.txt")
  [[ -x $lit ]] || { echo "no lit: LLVM_EXTERNAL_LIT is '$lit' in $build" >&2; return 2; }
  "$lit" -sv -j "$(nproc)" -o "$results/lit.json" "$build/test"
}

# The package as a wheel, installed, and its tests.
run_python() {
  local wheels=$SPATTN_ROOT/$build/wheel
  bash scripts/wheel.sh --build "$build" --out "$wheels" || return 1
  "$SPATTN_PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps \
    --force-reinstall "$wheels"/spattn-*.whl || return 1
  SPATTN_BIN_DIR=$SPATTN_ROOT/$build/bin "$SPATTN_PYTHON" -m pytest -q \
    --junitxml "$results/python.xml"
}

! $install || require install bash scripts/install.sh $(! wants python || echo --python)
require configure configure "$preset"
require build build "$preset"

mkdir -p "$results"
[[ $preset != sanitize ]] || sanitizer_env
! wants unit || test_layer unit junit unit.xml run_unit
! wants lit || test_layer lit lit lit.json run_lit
! wants python || test_layer python junit python.xml run_python
! wants fuzz || test_layer fuzz junit fuzz.xml \
  bash scripts/fuzz.sh --seconds 60 --report "$results/fuzz.xml"
! $lint || test_layer lint status - bash scripts/format.sh --check

summarize "${reports[@]}"
