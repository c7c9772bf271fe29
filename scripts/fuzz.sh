#!/usr/bin/env bash
# Builds the fuzz targets (test/Fuzz) with Clang and runs each of them, all at
# once. The exit status is 0 only if none found anything.
#
# Usage: scripts/fuzz.sh [--seconds N] [--report FILE]
#   --seconds N     how long each runs (default 60)
#   --report FILE   also write what happened as JUnit XML
# What is found is left in build-fuzz/found; what was learned, in
# build-fuzz/corpus, from where the next run goes on.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SPATTN_ROOT"

seconds=60
report=
while [[ $# -gt 0 ]]; do
  case $1 in
  --seconds | --report)
    [[ $# -gt 1 ]] || die "$1 needs a value"
    if [[ $1 == --seconds ]]; then seconds=$2; else report=$2; fi
    shift
    ;;
  -h | --help)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 0
    ;;
  *) die "unknown option '$1'; try --help" ;;
  esac
  shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds=$seconds: expected a number from 1"

clang=clang++-$SPATTN_LLVM_MAJOR
command -v "$clang" >/dev/null || die "no $clang; scripts/install.sh installs it"
configure fuzz "-DCMAKE_CXX_COMPILER=$clang" \
  "-DCMAKE_C_COMPILER=clang-$SPATTN_LLVM_MAJOR"
build fuzz spattn-fuzzers

sanitizer_env
build=build-fuzz
targets=(structure npy artifact)
declare -A pids
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target" "$build/found"
  "$build/bin/fuzz-$target" "$build/corpus/$target" "test/Fuzz/seeds/$target" \
    -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$build/found/$target-" \
    >"$build/$target.log" 2>&1 &
  pids[$target]=$!
done

failures=0
cases=
for target in "${targets[@]}"; do
  if wait "${pids[$target]}"; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
      "$build/$target.log") inputs, nothing found"
    cases+="  <testcase classname=\"fuzz\" name=\"$target\"/>"$'\n'
  else
    failures=$((failures + 1))
    echo "$target: see $build/$target.log"
    grep -v '^#[0-9]' "$build/$target.log" | tail -n 40
    cases+="  <testcase classname=\"fuzz\" name=\"$target\"><failure/></testcase>"$'\n'
  fi
done
[[ -z $report ]] || printf '<testsuite name="fuzz" tests="%d" failures="%d">\n%s</testsuite>\n' \
  "${#targets[@]}" "$failures" "$cases" >"$report"
[[ $failures -eq 0 ]]
