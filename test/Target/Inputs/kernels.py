"""Compiles forward kernels to cubins and looks at their machine code.

    kernels.py SPATTN_TRANSLATE CUOBJDUMP [--all] [--keep FOLDER]

Kernels differ in element type, head dimension, structure, key-value heads,
log-sum-exp and tile shape. Without --all, a subset in which every two choices
of different kinds occur together. Fails if ptxas spills, needs a stack or
warns, or if there are not as many matrix products in the machine code as the
kernel asks for. Needs no GPU.
"""

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHOICES = {
    "element": ("bf16", "f16"),
    "dim": (128, 64, 96, 192, 256),
    "structure": (
        "#spattn.partition<exclusive>",
        "#spattn.partition<local_band>",
        "#spattn.causal",
        "#spattn.window<left = 1023, right = 0>",
        "#spattn.full",
    ),
    "key_heads": (16, 4),
    "lse": (True, False),
    # Whether a length is expected for which narrow tiles are chosen.
    "short": (False, True),
    "chip": ("sm_90a",),
}
# The other family of targets; one chip with more and one with less shared memory.
OTHER_CHOICES = {**CHOICES, "short": (False,), "chip": ("sm_80", "sm_120")}


def pairs(kernel: tuple) -> set:
    return set(itertools.combinations(enumerate(kernel), 2))


def choose(choices: dict[str, tuple], everything: bool) -> list[dict]:
    kernels = list(itertools.product(*choices.values()))
    if not everything:
        missing = set().union(*map(pairs, kernels))
        rest, kernels = kernels, []
        while missing:
            best = max(rest, key=lambda kernel: len(pairs(kernel) & missing))
            missing -= pairs(best)
            kernels.append(best)
    return [dict(zip(choices, kernel, strict=True)) for kernel in kernels]


def source(kernel: dict) -> str:
    q, k, o, lse = (
        f"tensor<{shape}>"
        for shape in (
            f"?x16x?x{kernel['dim']}x{kernel['element']}",
            f"?x{kernel['key_heads']}x?x{kernel['dim']}x{kernel['element']}",
            f"?x16x?x{kernel['dim']}x{kernel['element']}",
            "?x16x?xf32",
        )
    )
    results, outs, types = "%r", "%o", o
    if kernel["lse"]:
        results, outs, types = "%r:2", "%o, %l", f"{o}, {lse}"
    first = results.replace(":2", "#0")
    return f"""
func.func @kernel(%q: {q}, %k: {k}, %v: {k}, %o: {o}, %l: {lse}) -> {o} {{
  {results} = spattn.attention structure({kernel["structure"]})
      ins(%q, %k, %v : {q}, {k}, {k}) outs({outs} : {types})
  return {first} : {o}
}}
"""


def expected_products(chip: str, dim: int, key_tile: int) -> tuple[str, int]:
    """Instructions, and how many: one for each 16 of the summed dimension. On
    sm_90a scores and output of the first tile, of masked ones and of full ones,
    then the last item's output; elsewhere those of a tile, a warp's 16 rows and
    8 columns at a time. Head dimensions are rounded up to 64."""
    dim = -(-dim // 64) * 64
    if chip == "sm_90a":
        return "HGMMA", 3 * dim // 16 + 4 * key_tile // 16
    return "HMMA.16816", 2 * (dim // 16) * (key_tile // 8)


def check(kernel: dict, translate: str, cuobjdump: str, folder: Path) -> str:
    """What is wrong with a kernel."""
    options = f"expected-length={4096 if kernel['short'] else 0}"
    name = re.sub(r"\W+", "-", "-".join(map(str, kernel.values()))).strip("-")
    artifact, cubin = folder / f"{name}.spattn", folder / f"{name}.cubin"

    def run(*arguments: object, **options: str) -> subprocess.CompletedProcess:
        command = [translate, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    compiled = run(
        "--spattn-to-artifact",
        "--strict",
        f"--chip={kernel['chip']}",
        f"--gpu-options={options}",
        "-o",
        artifact,
        input=source(kernel),
    )
    if compiled.returncode or compiled.stderr:
        return compiled.stderr or f"status {compiled.returncode}"
    run("--artifact-to-code", artifact, "-o", cubin).check_returncode()
    description = run("--artifact-to-text", artifact).stdout
    key_tile = int(re.search(r"tile: \d+x(\d+)", description)[1])
    # It starts nvdisasm, which is next to it.
    path = f"{Path(cuobjdump).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    sass = subprocess.run(
        [cuobjdump, "-sass", str(cubin)],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=True,
    ).stdout
    name, expected = expected_products(kernel["chip"], kernel["dim"], key_tile)
    products = sass.count(name)
    if products != expected:
        return f"{products} products in the machine code, expected {expected}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("translate")
    parser.add_argument("cuobjdump")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    kernels = choose(CHOICES, options.all) + choose(OTHER_CHOICES, options.all)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            problems = list(
                pool.map(
                    lambda kernel: check(
                        kernel, options.translate, options.cuobjdump, folder
                    ),
                    kernels,
                )
            )
    for kernel, problem in zip(kernels, problems, strict=True):
        if problem:
            print(kernel, problem, sep="\n")
    failed = sum(map(bool, problems))
    print(f"{len(kernels)} kernels, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
