#!/usr/bin/env bash
# Compiles the kernels of an IR file to a cubin, and fails on spills, stack frames
# and warnings of ptxas. The target is sm_90a unless given: sm_80 or a later one.
#
#   compile.sh FILE.mlir OUT.cubin [OPTIONS OF spattn-gpu [TARGET]]
#
# spattn-translate is that of build/bin, ptxas that of SPATTN_PTXAS, of the Python
# packages in .venv, or of the toolkit.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export VIRTUAL_ENV=${VIRTUAL_ENV:-$root/.venv}
exec "$root/build/bin/spattn-translate" --spattn-to-cubin --strict \
  --chip="${4:-sm_90a}" --gpu-options="${3:-}" "$1" -o "$2"
