#!/usr/bin/env bash
# Builds the wheel, which serves every Python from 3.10 on and every Linux whose
# C library is as new as its name says. Usage: scripts/wheel.sh [options]
#   --out FOLDER   where it goes (default: dist)
#   --build NAME   build in this folder, with the settings that it has, instead of
#                  a folder of its own
# Needs requirements-python.txt: scripts/install.sh --python
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SPATTN_ROOT"

out=dist
settings=()
while [[ $# -gt 0 ]]; do
  [[ $# -gt 1 || $1 == -h || $1 == --help ]] || die "$1 needs a value"
  case $1 in
  --out) out=$2 ;;
  --build)
    # What is built already stays as it is.
    settings=("--config-settings=build-dir=$2"
      --config-settings=cmake.define.SPATTN_BUILD_TESTS=ON
      --config-settings=cmake.define.SPATTN_BUILD_TOOLS=ON)
    ;;
  -h | --help)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 0
    ;;
  *) die "unknown option '$1'; try --help" ;;
  esac
  shift 2
done

# The most that the wheel may have, in bytes.
limit=$((40 * 1000 * 1000))
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$SPATTN_PYTHON" -m pip wheel --quiet --no-deps --no-build-isolation \
  --wheel-dir "$made" "${settings[@]}" .
mkdir -p "$out"
rm -f "$out"/spattn-*.whl
# Names it after the C library that it needs, and refuses libraries that not
# every Linux has.
PATH=$(dirname "$SPATTN_PYTHON"):$PATH "$SPATTN_PYTHON" -m auditwheel repair \
  --exclude 'libtorch*' --exclude 'libc10*' --wheel-dir "$out" "$made"/spattn-*.whl
wheel=$(ls "$out"/spattn-*.whl)
[[ $wheel == *-py3-none-manylinux_* ]] || die "not a wheel for every Python: $wheel"
size=$(stat -c %s "$wheel")
((size <= limit)) || die "$wheel has $size bytes, more than $limit"
printf '%s, %d.%d MB\n' "$wheel" $((size / 1000000)) $((size / 100000 % 10))
