#!/usr/bin/env bash
# Installs what building and testing spattn needs: Debian packages, and a Python
# environment in .venv. Leaves alone what is already there, so it is safe and
# quick to run again. Usage: scripts/install.sh [--python] [--bench]
#   --python  also install requirements-python.txt, for the Python package
#   --bench   also install requirements-bench.txt (PyTorch, for the benchmarks)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SPATTN_ROOT"

packages=(
  g++ cmake ninja-build ccache "lld-$SPATTN_LLVM_MAJOR"
  "libmlir-$SPATTN_LLVM_MAJOR-dev" "mlir-$SPATTN_LLVM_MAJOR-tools"
  "llvm-$SPATTN_LLVM_MAJOR-dev" "llvm-$SPATTN_LLVM_MAJOR-tools"
  "clang-$SPATTN_LLVM_MAJOR" "libclang-rt-$SPATTN_LLVM_MAJOR-dev" # libFuzzer
  "clang-format-$SPATTN_LLVM_MAJOR"
  zlib1g-dev libzstd-dev
  libgtest-dev libgmock-dev
  python3 python3-venv python3-psutil # psutil: lit's --timeout
)
requirements=(requirements-dev.txt)

while [[ $# -gt 0 ]]; do
  case $1 in
  --python) requirements+=(requirements-python.txt) ;;
  --bench) requirements+=(requirements-bench.txt) ;;
  -h | --help)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 0
    ;;
  *) die "unknown option '$1'; try --help" ;;
  esac
  shift
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  cat >&2 <<END
error: this script knows apt (Debian, Ubuntu) only. Install the counterparts of
the packages below, make a Python environment in .venv with requirements-dev.txt
in it, then run the other scripts with --no-install:
END
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
fi

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^installed //p' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed")
}

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "installing packages: ${missing[*]}"
  as_root=(env)
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die "not root and no sudo; as root run: apt-get install ${missing[*]}"
    # Asks for a password only where someone can type one.
    if [[ -t 0 ]]; then as_root=(sudo env); else as_root=(sudo -n env); fi
  fi
  as_root+=(DEBIAN_FRONTEND=noninteractive)
  apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)

  # Old package lists still serve when there is no network.
  "${as_root[@]}" "${apt[@]}" update || echo "warning: apt-get update failed; going on" >&2
  unknown=()
  for package in "${missing[@]}"; do
    apt-cache show "$package" >/dev/null 2>&1 || unknown+=("$package")
  done
  [[ ${#unknown[@]} -eq 0 ]] || die "this system's package sources lack: ${unknown[*]}" \
    "(on Debian 12 they come from its main and security sources)"
  "${as_root[@]}" "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null
fi

# The Python environment. A stamp holds a hash of what was installed into it, so
# that an unchanged one costs nothing.
python=$SPATTN_PYTHON
if ! "$python" -c 'import pip' 2>/dev/null; then
  [[ ! -e .venv ]] || echo "replacing a .venv that does not work"
  # Debian's interpreter where there is one: python3-venv is for it.
  base=/usr/bin/python3
  [[ -x $base ]] || base=$(command -v python3) || die "no python3"
  "$base" -m venv --clear .venv
fi
for file in "${requirements[@]}"; do
  stamp=.venv/.installed-${file%.txt}
  want=$(sha256sum <"$file")
  if [[ ! -f $stamp || $(<"$stamp") != "$want" ]]; then
    echo "installing Python packages: $file"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$file"
    echo "$want" >"$stamp"
  fi
done
