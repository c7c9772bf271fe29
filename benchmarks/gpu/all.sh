#!/usr/bin/env bash
# Measures all on a GPU, with peers: all.sh OUT.json. Needs the package spattn.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -eq 1 ]] || { sed -n '2s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
for benchmark in forward backward; do
  python3 "$here/$benchmark.py" "$1"
done
