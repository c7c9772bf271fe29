# Shared by the scripts next to it; source it after `set -euo pipefail`.
# shellcheck shell=bash

SPATTN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034 # used by the scripts that source this file
SPATTN_PYTHON=$SPATTN_ROOT/.venv/bin/python
SPATTN_LLVM_MAJOR=22

export LC_ALL=C.UTF-8
export NINJA_STATUS='[%f/%t %es] '
# Keep ccache useful whatever folder the checkout lives in.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$SPATTN_ROOT}

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# phase NAME COMMAND...: run one step, print how long it took, pass its status
# on. The shell ignores `set -e` inside a function run this way, so such a
# function must end with the command whose status counts.
PHASE_TIMES=()
phase() {
  local name=$1 start=$SECONDS rc=0 verdict=ok
  shift
  printf '==> %s\n' "$name"
  "$@" || rc=$?
  [[ $rc -eq 0 ]] || verdict="failed with status $rc"
  printf '<== %s: %s (%d s)\n' "$name" "$verdict" "$((SECONDS - start))"
  PHASE_TIMES+=("$(printf '%-9s %5d s  %s' "$name" "$((SECONDS - start))" "$verdict")")
  return "$rc"
}

# The build folder of a preset, as CMakePresets.json has it.
build_dir() {
  if [[ $1 == release ]]; then echo build; else echo "build-$1"; fi
}

# How many compile jobs: one per processor, but no more than memory allows, at
# 1.5 GiB for a translation unit that includes much of MLIR.
# SPATTN_JOBS overrides it.
jobs_count() {
  local cpus mem_kib by_mem
  [[ -n ${SPATTN_JOBS:-} ]] && { echo "$SPATTN_JOBS"; return; }
  cpus=$(nproc)
  mem_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null || true)
  by_mem=$(( ${mem_kib:-0} / 1572864 ))
  [[ -z $mem_kib ]] && by_mem=$cpus
  (( by_mem < 1 )) && by_mem=1
  echo $(( cpus < by_mem ? cpus : by_mem ))
}

# configure PRESET [CMAKE ARGS...]: MLIR_DIR in the environment wins over what
# llvm-config says.
configure() {
  local preset=$1 dir config mlir_dir=${MLIR_DIR:-} cache
  shift
  dir=$SPATTN_ROOT/$(build_dir "$preset")
  local args=(--preset "$preset" --no-warn-unused-cli)
  if [[ -z $mlir_dir ]] && config=$(command -v "llvm-config-$SPATTN_LLVM_MAJOR"); then
    mlir_dir=$(dirname "$("$config" --cmakedir)")/mlir
  fi
  [[ -z $mlir_dir ]] || args+=("-DMLIR_DIR=$mlir_dir")
  [[ ! -x $SPATTN_PYTHON ]] ||
    args+=("-DPython3_EXECUTABLE=$SPATTN_PYTHON" "-DPython_EXECUTABLE=$SPATTN_PYTHON")
  # A build folder that was copied here from another checkout starts over.
  cache=$dir/CMakeCache.txt
  if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$SPATTN_ROOT" "$cache"; then
    args+=(--fresh)
  fi
  (cd "$SPATTN_ROOT" && cmake "${args[@]}" "$@")
}

# build PRESET [TARGETS...]
build() {
  local dir
  dir=$SPATTN_ROOT/$(build_dir "$1")
  shift
  cmake --build "$dir" --parallel "$(jobs_count)" ${1:+--target "$@"}
}

# The run-time options of a sanitized build. What the caller set comes last and
# so wins. allow_user_poisoning=0: LLVM's allocators poison memory by hand when
# compiled with ASan, and the shared libMLIR, which isn't, never unpoisons it.
sanitizer_env() {
  export ASAN_OPTIONS="allow_user_poisoning=0:detect_stack_use_after_return=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
  export LSAN_OPTIONS="suppressions=$SPATTN_ROOT/test/lsan.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
}
