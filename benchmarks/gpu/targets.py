"""Compiles the forward kernels for each target from sm_80 on, and prints a table.

    python benchmarks/gpu/targets.py

Needs no GPU, but ptxas and cuobjdump as compile.sh finds them. Fails on spills,
stack frames and warnings. Columns: the most registers of any kernel, and the
HMMA instructions of all five.
"""

import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from kernels import Variant, for_sm80, text

LARGE = {
    64: for_sm80(key_tile=96, stages=3),
    128: for_sm80(key_tile=64, stages=3),
}
SMALL = {
    64: for_sm80(key_tile=96),
    128: for_sm80(key_tile=64, query_stages=1),
}
# Kilobytes of shared memory that a block may use.
TARGETS = {
    "sm_80": 163,
    "sm_86": 99,
    "sm_89": 99,
    "sm_90": 227,
    "sm_100": 227,
    "sm_120": 99,
}


def schedule(target: str, dim: int) -> Variant:
    memory = TARGETS[target]
    choice = (LARGE if memory >= 163 else SMALL)[dim]
    return replace(choice, target=target, shared_memory=memory * 1024)


def cuobjdump(*arguments) -> str:
    root = Path(__file__).parents[2] / ".venv"
    found = next(root.glob("lib/*/site-packages/nvidia/*/bin/cuobjdump"), "cuobjdump")
    return subprocess.run(
        [found, *arguments], check=True, capture_output=True, text=True
    ).stdout


def main() -> None:
    compiler = Path(__file__).parent / "compile.sh"
    print("| target | D | options | shared memory, bytes | registers | HMMA |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "kernels.mlir", Path(folder) / "kernels.cubin"
        for target in TARGETS:
            for dim in (64, 128):
                variant = schedule(target, dim)
                source.write_text(text(dim))
                command = [compiler, source, out, variant.options, target]
                subprocess.run(command, check=True)
                usage = cuobjdump("-res-usage", out)
                registers = max(map(int, re.findall(r"REG:(\d+)", usage)))
                products = cuobjdump("-sass", out).count("HMMA.16816")
                options = f"key-tile={variant.key_tile} stages={variant.stages}"
                options += f" query-stages={variant.query_stages}"
                print(
                    f"| {target} | {dim} | `{options}` | {variant.shared_bytes(dim)} "
                    f"| {registers} | {products} |"
                )


if __name__ == "__main__":
    main()
