"""Compiles kernels of random structures and looks at what ptxas says of them.

    spills.py SPATTN_TRANSLATE [--count N] [--first F] [--json FILE]

Structures come from spattn-random-structures, beside the tool. Each is compiled
forward or with gradients, in either mode, for sm_90a or sm_80. ptxas may spill
registers of the warp that finds work, which has as many numbers as its structure has
intervals, and 40 registers; so what is spilled is bounded, and nothing else may be
wrong: no stack, no products that wait for each other. Prints how many kernels spill,
and how much. Needs no GPU.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from shutil import which

from kernels import SPILL, source

sys.path.append(str(Path(__file__).parents[2] / "Integration/CUDA"))
from sweep import structure  # noqa: E402

# Bytes of spill stores in the largest kernel that the limits of docs/Spec.md allow,
# and seconds that compiling takes where nothing else runs.
MOST_SPILLED = 12288


def draw(translate: str, number: int) -> dict:
    r = random.Random(number)
    key_heads = r.choice((16, 4))
    drawn = structure(translate, r.randrange(1 << 32), 16, 4096)
    return {
        "pass": r.choice(("forward", "backward")),
        "element": r.choice(("bf16", "f16")),
        "dim": r.choice((64, 128)),
        "structure": drawn,
        "key_heads": key_heads,
        "lse": r.random() < 0.5,
        "chip": r.choice(("sm_90a", "sm_90a", "sm_80")),
        "deterministic": r.random() < 0.5,
    }


def compile_kernel(translate: str, folder: Path, number: int) -> dict:
    kernel = draw(translate, number)
    options = []
    if kernel["pass"] == "backward":
        mode = str(kernel["deterministic"]).lower()
        options = [f"--gpu-options=deterministic={mode}"]
    start = time.monotonic()
    done = subprocess.run(
        [translate, "--spattn-to-artifact", f"--chip={kernel['chip']}", *options]
        + ["-o", folder / str(number)],
        input=source(kernel),
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - start
    spills = [int(found) for found in SPILL.findall(done.stderr)]
    problem = ""
    if done.returncode:
        problem = done.stderr[:500] or f"status {done.returncode}"
    elif len(spills) != done.stderr.count("warning"):
        problem = done.stderr[:500]
    elif max(spills, default=0) > MOST_SPILLED:
        problem = f"spills {max(spills)} bytes"
    return {
        **kernel,
        "number": number,
        "spilled": max(spills, default=0),
        "seconds": round(seconds, 2),
        "problem": re.sub(r"\s+", " ", problem),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("translate")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    translate = which(options.translate) or options.translate
    numbers = range(options.first, options.first + options.count)
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        run = partial(compile_kernel, translate, Path(folder))
        kernels = list(pool.map(run, numbers))
    if options.json:
        options.json.write_text(json.dumps(kernels, indent=1) + "\n")
    for chip in ("sm_90a", "sm_80"):
        for direction in ("forward", "backward"):
            own = [k for k in kernels if (k["chip"], k["pass"]) == (chip, direction)]
            if own:
                spilled = sorted(k["spilled"] for k in own)
                print(
                    f"{chip} {direction}: {sum(map(bool, spilled))} of {len(own)}"
                    f" spill, median {spilled[len(own) // 2]} and at the most"
                    f" {spilled[-1]} bytes; {max(k['seconds'] for k in own)} s"
                    " at the most"
                )
    failed = [k for k in kernels if k["problem"]]
    for kernel in failed:
        print(json.dumps(kernel))
    print(f"{len(kernels)} kernels, {len(failed)} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
