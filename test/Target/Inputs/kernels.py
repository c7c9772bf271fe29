"""Compiles forward and gradient kernels to cubins and looks at their machine code.

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
    "pass": ("forward",),
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
# A few queries, whose keys are split over CTAs.
FEW_CHOICES = {
    **CHOICES,
    "structure": (
        "#spattn.causal",
        "#spattn.full",
        "#spattn.heads<8 x #spattn.window<left = 1023, right = 0>, 8 x #spattn.causal>",
    ),
    "short": ("few",),
}
# The other family of targets; one chip with more and one with less shared memory.
OTHER_CHOICES = {**CHOICES, "short": (False,), "chip": ("sm_80", "sm_120")}
GRADIENT_CHOICES = {
    **CHOICES,
    "pass": ("backward",),
    "dim": (128, 64, 96, 192, 256),
    "structure": (
        *CHOICES["structure"],
        "#spattn.union<#spattn.sink<4>, #spattn.window<left = 1023, right = 0>>",
    ),
    "lse": (True,),
    "short": (False,),
    "chip": ("sm_90a", "sm_80", "sm_120"),
    "deterministic": (False, True),
}

# Gradients for sm_80 and later keep a few numbers of an item in memory: all other
# registers are sums (docs/Gradients.md), as does that of dQ alone for wide heads on
# sm_90a, and the warps that load and store beside three MMA warpgroups. Bytes that a
# thread may store at most in all kernels, and for wide heads.
MOST_SPILLED, MOST_SPILLED_WIDE = 112, 128
SPILL = re.compile(r"warning: kernel '\w+' needs .* spills registers: (\d+) bytes of")


def pairs(kernel: tuple) -> set:
    return set(itertools.combinations(enumerate(kernel), 2))


def exists(kernel: dict) -> bool:
    """Whether there is shared memory for it."""
    is_wide = kernel["pass"] == "backward" and kernel["dim"] > 128
    return not (is_wide and kernel["chip"] == "sm_120")


def choose(choices: dict[str, tuple], everything: bool) -> list[dict]:
    kernels = [
        kernel
        for kernel in itertools.product(*choices.values())
        if exists(dict(zip(choices, kernel, strict=True)))
    ]
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
    if kernel["pass"] == "backward":
        return f"""
func.func @kernel(%q: {q}, %k: {k}, %v: {k}, %o: {o}, %l: {lse}, %g: {o},
                  %dq: {q}, %dk: {k}, %dv: {k}) -> ({q}, {k}, {k}) {{
  %r:3 = spattn.attention_backward structure({kernel["structure"]})
      ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {k}, {o}, {lse}, {o})
      outs(%dq, %dk, %dv : {q}, {k}, {k})
  return %r#0, %r#1, %r#2 : {q}, {k}, {k}
}}
"""
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


def skips(kernel: dict, key_tile: int) -> bool:
    """Whether warpgroups that take turns skip tiles: docs/Tuning.md, `skip-keys`."""
    is_grouped = kernel["key_heads"] != 16
    is_wide = any(name in kernel["structure"] for name in ("causal", "full"))
    return not is_grouped and (key_tile > 128 or not is_wide)


def expected_products(kernel: dict, query_tile: int, key_tile: int) -> tuple[str, int]:
    """Instructions, and how many. On sm_90a one for 64 rows, all columns and 16 of
    the summed dimension; elsewhere one for 16 rows, of which each warp has its own,
    8 columns and 16 of the summed dimension."""
    is_sm90a = kernel["chip"] == "sm_90a"
    # Head dimensions are rounded up to 64.
    dim = -(-kernel["dim"] // 64) * 64

    def product(columns: int, depth: int) -> int:
        return depth // 16 * (1 if is_sm90a else columns // 8)

    scores, output = product(key_tile, dim), product(dim, key_tile)
    if kernel["pass"] == "backward":
        # Tiles with a mask and those without. On sm_90a also the last one, which
        # starts no scores; those of the first tile are started before. Rows are
        # keys. A warpgroup has its share of the blocks of 64 queries and columns.
        scores, dprobs = (product(query_tile, dim) for _ in range(2))
        dvalue, dkey = (product(dim, query_tile) for _ in range(2))
        blocks = query_tile // 64 * (dim // 64) // (key_tile // 64)
        dquery = blocks * product(64, key_tile)
        copies = 3 if is_sm90a else 2
        count = copies * (scores + dprobs + dvalue + dkey)
        if is_sm90a and dim <= 128 and key_tile > 64 and query_tile == 64:
            # Two steps each, with dQ and without: warpgroups take turns.
            if not kernel["deterministic"]:
                count = 5 * scores + 6 * (dprobs + dvalue + dkey)
                dquery = product(dim, key_tile)
                # Behind each masked tile, and ahead of the first and behind the last,
                # tiles are skipped; the scores of the next come after them.
                if skips(kernel, key_tile):
                    count += 3 * dquery - scores
        elif dim > 128 and is_sm90a:
            # A warpgroup for each gradient. That of dK has no masks; dP of the first
            # tile, and dK and its parts of dQ of the last one, for themselves.
            count = 3 * (scores + dvalue) + 2 * (dprobs + dkey)
            dquery = product(64, key_tile)
            own = (blocks + 1) // 2
            copies = 2 * own + 3 * (blocks - own)
        elif dim > 128:
            # A kernel for each.
            count += copies * scores
        if kernel["deterministic"]:
            # A kernel with tiles of 64 queries and keys, whose last one stands for
            # itself on all targets.
            count += 3 * (2 * product(64, dim) + product(dim, 64))
        else:
            count += copies * dquery
    elif is_sm90a and dim > 192:
        # One stage of queries: the last output belongs to its item.
        count = 3 * (scores + output)
    elif is_sm90a:
        # The first tile, masked ones and full ones; then the last item's output.
        count = 3 * scores + 4 * output
    else:
        count = scores + output
    return "HGMMA" if is_sm90a else "HMMA.16816", count


def check(kernel: dict, translate: str, cuobjdump: str, folder: Path) -> str:
    """What is wrong with a kernel."""
    options = f"expected-length={4096 if kernel['short'] else 0}"
    if kernel["short"] == "few":
        options = "expected-length=32768 expected-queries=16 split-keys=16"
    if kernel["pass"] == "backward":
        options += f" deterministic={str(kernel['deterministic']).lower()}"
    name = re.sub(r"\W+", "-", "-".join(map(str, kernel.values()))).strip("-")
    artifact, cubin = folder / f"{name}.spattn", folder / f"{name}.cubin"

    def run(*arguments: object, **options: str) -> subprocess.CompletedProcess:
        command = [translate, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    spills_little = kernel["pass"] == "backward" and (
        kernel["chip"] != "sm_90a"
        or (kernel["deterministic"] and kernel["dim"] == 256)
        or (not kernel["deterministic"] and kernel["dim"] == 64)
    )
    compiled = run(
        "--spattn-to-artifact",
        *(() if spills_little else ("--strict",)),
        f"--chip={kernel['chip']}",
        f"--gpu-options={options}",
        "-o",
        artifact,
        input=source(kernel),
    )
    errors = compiled.stderr
    if spills_little and len(found := SPILL.findall(errors)) == errors.count("warning"):
        most = MOST_SPILLED_WIDE if kernel["dim"] > 128 else MOST_SPILLED
        errors = "" if sum(map(int, found)) <= most else errors
    if compiled.returncode or errors:
        return errors or f"status {compiled.returncode}"
    run("--artifact-to-code", artifact, "-o", cubin).check_returncode()
    description = run("--artifact-to-text", artifact).stdout
    if kernel["short"] == "few" and "kernel kernel_combine" not in description:
        return "keys are not split"
    tile = map(int, re.search(r"tile: (\d+)x(\d+)", description).groups())
    # It starts nvdisasm, which is next to it.
    path = f"{Path(cuobjdump).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    sass = subprocess.run(
        [cuobjdump, "-sass", str(cubin)],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=True,
    ).stdout
    name, expected = expected_products(kernel, *tile)
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
    kernels = [
        kernel
        for choices in (CHOICES, FEW_CHOICES, OTHER_CHOICES, GRADIENT_CHOICES)
        for kernel in choose(choices, options.all)
    ]
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
