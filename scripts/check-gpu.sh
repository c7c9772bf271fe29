#!/usr/bin/env bash
# Runs all tests that need a GPU. They need neither LLVM nor a compiler on the
# machine with the GPU: what is needed is packed into a file first.
#
#   scripts/check-gpu.sh --pack FILE.tar.xz [--build FOLDER]   # where spattn is built
#   scripts/check-gpu.sh FILE.tar.xz [OUT] [LAYER...]          # where the GPU is
#
# FILE.tar.xz may also be the folder it is unpacked to. Results go to the folder OUT
# (default: gpu-results). Without layers, all run; their names are printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

pack() {
  local target=$1 build=$2 folder
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  mkdir -p "$folder/bin" "$folder/lib"
  cp "$build"/bin/{spattn-run,spattn-bench,spattn-random-structures,training,SpattnRuntimeTests} "$folder/bin"
  strip "$folder"/bin/*
  ldd "$build/bin/spattn-run" | awk '/libLLVM|libMLIR|libmlir_|libz3/ { print $3 }' |
    xargs -I{} cp -L {} "$folder/lib"
  local ptxas=${SPATTN_PTXAS:-}
  [[ -n $ptxas ]] || ptxas=$(find .venv/ -path '*/nvidia/*/bin/ptxas' 2>/dev/null | head -n 1)
  [[ -z $ptxas ]] || cp "$ptxas" "$folder/bin"
  # The Python package, and pytest: both serve every Python.
  bash scripts/wheel.sh --build "$build" --out "$folder/wheel"
  .venv/bin/python -m pip install --quiet --target "$folder/python" pytest==9.2.0
  .venv/bin/python -m pip install --quiet --target "$folder/python" --no-deps \
    "$folder"/wheel/spattn-*.whl
  rm -r "$folder/wheel"
  # Some ways to the GPU take little: a filter for machine code, a large window.
  .venv/bin/python test/Integration/CUDA/gpu_ops.py build "$folder/ops" >/dev/null
  local whole
  for whole in program model; do
    env ${ptxas:+SPATTN_PTXAS="$ptxas"} .venv/bin/python \
      "test/Integration/CUDA/$whole.py" build "$folder/$whole" --bin "$build/bin" \
      --runtime "$build/lib/libSpattnRuntime.a"
    rm "$folder/$whole"/*.{mlir,ll,o}
  done
  git describe --always --dirty >"$folder/commit"
  tar -C "$folder" -c . | xz --x86 --lzma2=preset=6,dict=256MiB >"$target"
}

if [[ ${1:-} == --pack ]]; then
  build=build
  [[ ${3:-} != --build ]] || build=$4
  pack "$2" "$build"
  exit
fi

[[ $# -ge 1 ]] || die "usage: scripts/check-gpu.sh FILE.tar.xz [OUT [LAYER...]], or --pack FILE.tar.xz"
out=${2:-gpu-results}
only=" ${*:3} "
mkdir -p "$out"
if [[ -d $1 ]]; then
  folder=$1
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  tar -C "$folder" -xJf "$1"
fi
export LD_LIBRARY_PATH=$folder/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export SPATTN_CACHE_DIR=$folder/cache
[[ ! -e $folder/bin/ptxas ]] || export SPATTN_PTXAS=$folder/bin/ptxas
status=0
test_layer() {
  local name=$1 lines=5
  shift
  [[ $only =~ ^\ *$ || $only == *" $name "* ]] || return 0
  echo "== $name"
  "$@" >"$out/$name.log" 2>&1 || { status=1 lines=60; echo "FAILED"; }
  tail -n "$lines" "$out/$name.log"
}

test_layer driver "$folder/bin/SpattnRuntimeTests" --gtest_filter='RealDriver*'
test_layer tile-ops python3 test/Integration/CUDA/gpu_ops.py run "$folder/ops"
test_layer program python3 test/Integration/CUDA/program.py run "$folder/program"
test_layer model python3 test/Integration/CUDA/model.py run "$folder/model"
# The tests of Python that need a GPU, and the others, on its Python; several at a
# time where pytest-xdist is installed.
workers=()
! python3 -c 'import xdist' 2>/dev/null || workers=(-n 8)
test_layer python env PYTHONPATH="$folder/python" SPATTN_BIN_DIR="$folder/bin" \
  OMP_NUM_THREADS=2 XLA_PYTHON_CLIENT_PREALLOCATE=false \
  python3 -m pytest -q --tb=short "${workers[@]}" --junitxml "$out/python.xml"
# Random cases. Their compilers take most of the time, and a processor each.
gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)
sweep() {
  local name=$1 count=$2
  shift 2
  test_layer "$name" python3 test/Integration/CUDA/sweep.py "$folder/bin/spattn-run" \
    --count "$count" --jobs "$(nproc)" --json "$out/$name.json" \
    --record "$out/sweep-record.json" --gpu "$gpu" --commit "$(<"$folder/commit")" "$@"
}
sweep sweep "${SPATTN_SWEEP:-1000}"
sweep sweep-gradients "${SPATTN_SWEEP_GRADIENTS:-500}" --gradients
test_layer example "$folder/bin/spattn-run" examples/olmoe-attention.mlir \
  --device=cuda --max-error=1e-2 --json="$out/example.json"
# The same call again: from the disk cache.
test_layer cached "$folder/bin/spattn-run" examples/olmoe-attention.mlir \
  --device=cuda --max-error=1e-2 --repeat=5 --json="$out/cached.json"
test_layer bench "$folder/bin/spattn-bench" --structure='#spattn.partition<exclusive>' \
  --batch=8,2,1 --queries=4096,16384,65536 --device=cuda --check --max-error=1e-2 \
  --json="$out/bench.json"
test_layer bench-gradients "$folder/bin/spattn-bench" --structure='#spattn.partition<exclusive>' \
  --backward --batch=8,2 --queries=4096,16384 --device=cuda --check --max-error=1e-2 \
  --json="$out/bench-gradients.json"
# It says by how much the loss fell: by a factor of at least 100.
train() {
  local text
  text=$("$folder/bin/training" examples/training/attention.mlir --device=cuda --elements=bf16) ||
    return 1
  echo "$text"
  grep -qE 'factor of [0-9]{3,}\.' <<<"$text"
}
test_layer training train
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
if [[ -n $sanitizer ]]; then
  for tool in memcheck racecheck synccheck initcheck; do
    test_layer "$tool" "$sanitizer" --tool "$tool" --error-exitcode 9 \
      "$folder/bin/spattn-run" test/Integration/CUDA/Inputs/small.mlir --device=cuda \
      --max-error=1e-2
  done
else
  echo "no compute-sanitizer: left out"
fi
exit $status
