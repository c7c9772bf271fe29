#!/usr/bin/env bash
# Compiles the kernels of an IR file to a cubin, and fails on spills, stack frames
# and warnings of ptxas. The target is sm_90a unless given: sm_80 or a later one.
#
#   compile.sh FILE.mlir OUT.cubin [OPTIONS OF convert-spattn-to-tile [TARGET]]
#
# Tools: spattn-opt from build/bin, LLVM's from llvm-config-22 or PATH, ptxas from
# $PTXAS, the Python packages in .venv, or PATH.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source_file=$1 out=$2 options=${3:-} target=${4:-sm_90a}
llvm_bin=$(llvm-config-22 --bindir 2>/dev/null || true)
PATH=$root/build/bin:${llvm_bin:+$llvm_bin:}$PATH
if [ -z "${PTXAS:-}" ]; then
  PTXAS=$(find "$root/.venv/" -path '*/nvidia/*/bin/ptxas' 2>/dev/null | head -n 1)
  PTXAS=${PTXAS:-ptxas}
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
spattn-opt "$source_file" --convert-spattn-to-tile="$options" --cse \
  --convert-tile-to-nvvm=target="$target" --cse --convert-scf-to-cf \
  --convert-to-llvm --reconcile-unrealized-casts --canonicalize --cse -o "$work/kernel.mlir"
mlir-translate --mlir-to-llvmir "$work/kernel.mlir" -o "$work/kernel.ll"
opt -O3 -mtriple=nvptx64-nvidia-cuda "$work/kernel.ll" -o "$work/kernel.bc"
llc -O3 -march=nvptx64 -mcpu="$target" -mattr=+ptx90 --nvptx-short-ptr \
  "$work/kernel.bc" -o "$work/kernel.ptx"
"$PTXAS" -arch="$target" -O3 -v "$work/kernel.ptx" -o "$work/kernel.cubin" \
  2>"$work/log"
# C75xx: products that ptxas serialised, or registers it could not set.
if grep -E 'C75[0-9][0-9]|warning|[1-9][0-9]* bytes (stack|spill)' "$work/log"; then
  echo "ptxas spilled or warned; see above" >&2
  exit 1
fi
mv "$work/kernel.cubin" "$out"
