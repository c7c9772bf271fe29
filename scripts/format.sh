#!/usr/bin/env bash
# Formats the C++ (clang-format) and Python (ruff) sources that git knows or
# doesn't ignore. Usage: scripts/format.sh [--check]
#   --check  change nothing; fail if something would change, ruff complains, or
#            what is emitted depends on the compiler (evaluation_order.py)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SPATTN_ROOT"

case ${1:-} in
"") check=false ;;
--check) check=true ;;
*) die "usage: scripts/format.sh [--check]" ;;
esac

clang_format=$(command -v "clang-format-$SPATTN_LLVM_MAJOR" || command -v clang-format) ||
  die "no clang-format; run scripts/install.sh"
mapfile -d '' -t cpp < <(git ls-files -z -co --exclude-standard -- '*.h' '*.cpp' '*.cu')
mapfile -d '' -t python < <(git ls-files -z -co --exclude-standard -- '*.py')

rc=0
if $check; then
  [[ ${#cpp[@]} -eq 0 ]] || "$clang_format" --dry-run --Werror "${cpp[@]}" || rc=1
  mapfile -d '' -t emitting < <(git ls-files -z -co --exclude-standard -- \
    'include/*.h' 'lib/*.h' 'lib/*.cpp')
  "$SPATTN_PYTHON" scripts/evaluation_order.py "${emitting[@]}" || rc=1
  if [[ ${#python[@]} -gt 0 ]]; then
    "$SPATTN_PYTHON" -m ruff format --check --quiet "${python[@]}" || rc=1
    "$SPATTN_PYTHON" -m ruff check --quiet "${python[@]}" || rc=1
  fi
else
  [[ ${#cpp[@]} -eq 0 ]] || "$clang_format" -i "${cpp[@]}"
  if [[ ${#python[@]} -gt 0 ]]; then
    "$SPATTN_PYTHON" -m ruff format --quiet "${python[@]}"
    "$SPATTN_PYTHON" -m ruff check --quiet --fix "${python[@]}" || rc=1
  fi
fi
exit "$rc"
