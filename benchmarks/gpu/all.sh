#!/usr/bin/env bash
# Builds the kernels of all GPU benchmarks, or measures them on a GPU, with peers.
#
#   all.sh build FOLDER          # where spattn is built; needs no GPU
#   all.sh run FOLDER OUT.json   # where the GPU is; needs torch and cuda-bindings
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=python3
[[ ! -x $here/../../.venv/bin/python ]] || python=$here/../../.venv/bin/python
case ${1:-} in
build)
  "$python" "$here/kernels.py" "$2/forward"
  "$python" "$here/backward.py" build "$2/backward"
  ;;
run)
  "$python" "$here/forward.py" "$2/forward" "$3"
  "$python" "$here/backward.py" run "$2/backward" "$3"
  ;;
*)
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
  ;;
esac
