"""Compiles forward kernels for targets from sm_80 on, and prints a table.

    python benchmarks/gpu/targets.py [FOLDER]

Needs no GPU, but ptxas and cuobjdump, from the Python packages or the toolkit. Fails
on spills, stack frames and warnings. The compiler chooses tiles and stages for the
target. Columns: its choice, the greatest register count of the structures' kernels,
and the HMMA instructions of each. Saves the artifacts in FOLDER, if that is given.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from kernels import HEADS, STRUCTURES, forward_source

ROOT = Path(__file__).parents[2]
TARGETS = "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"
DIMS = 64, 128, 192, 256


def translate(*arguments: object) -> str:
    command = [ROOT / "build/bin/spattn-translate", *arguments]
    environment = {"VIRTUAL_ENV": str(ROOT / ".venv"), **os.environ}
    return subprocess.run(
        list(map(str, command)),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ).stdout


def cuobjdump(cubin: Path) -> str:
    packages = ROOT / ".venv"
    pattern = "lib/*/site-packages/nvidia/*/bin/cuobjdump"
    found = next(packages.glob(pattern), Path("cuobjdump"))
    # It starts nvdisasm, which is next to it.
    path = f"{found.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [found, "-sass", cubin],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    ).stdout


def row(target: str, dim: int, folder: Path) -> str:
    registers, products = [], set()
    for name, structure in STRUCTURES.items():
        base = folder / f"{target}-d{dim}-{name}"
        source, artifact, cubin = (
            base.with_suffix(suffix) for suffix in (".mlir", ".spattn", ".cubin")
        )
        source.write_text(forward_source(structure, *HEADS, dim))
        options = "--spattn-to-artifact", "--strict", f"--chip={target}"
        translate(*options, source, "-o", artifact)
        translate("--artifact-to-code", artifact, "-o", cubin)
        text = translate("--artifact-to-text", artifact)
        tile = re.search(r"tile: (\w+)", text)[1]
        shared = re.search(r"shared memory: (\d+)", text)[1]
        threads = re.search(r"threads: (\d+)", text)[1]
        registers.append(int(re.search(r"registers:\w+: (\d+)", text)[1]))
        products.add(cuobjdump(cubin).count("HMMA.16816"))
    counts = ", ".join(map(str, sorted(products)))
    cells = target, dim, tile, threads, shared, max(registers), counts
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    print("| target | D | tile | threads | shared memory, bytes | registers | HMMA |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for target in TARGETS:
            for dim in DIMS:
                print(row(target, dim, folder), flush=True)


if __name__ == "__main__":
    main()
