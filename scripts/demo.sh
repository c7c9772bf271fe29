#!/usr/bin/env bash
# Installs what is needed, builds, and runs attention with the shapes of
# OLMoE-1B-7B through the compiler. Further arguments go to spattn-run.
# Usage: scripts/demo.sh [--no-install] [spattn-run arguments...]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

install=true
case ${1:-} in
--no-install)
  install=false
  shift
  ;;
-h | --help)
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
  exit 0
  ;;
esac

# Steps speak on stderr: stdout holds what spattn-run prints and nothing else.
{
  ! $install || phase install bash "$SPATTN_ROOT/scripts/install.sh"
  phase configure configure release
  phase build build release spattn-run
} >&2

cd "$SPATTN_ROOT"
exec build/bin/spattn-run examples/olmoe-attention.mlir "$@"
