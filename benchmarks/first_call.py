#!/usr/bin/env python3
# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure the startup latency of spattn.torch: the first calls of a process.

    python benchmarks/first_call.py [--device cuda] [--json FILE]

A new process imports the package, and computes one attention with exclusive bands and
its gradients; further layers of the same shape would reuse the kernels. The first
process starts with an empty kernel cache (cold), the second with the cache that the
first has filled (warm). Prints the seconds for the import, the first forward pass and
the first gradients, and their sum. Torch's own startup is excluded: its import, the
creation of the CUDA context, and a first backward pass, which imports more modules.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

#: Limits of the total, in seconds, on a GPU.
LIMITS = {"cold": 3.0, "warm": 0.2}


def first_calls(device: str, shape: list[int]) -> dict[str, float]:
    import torch

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    tensors = [
        torch.randn(shape, device=device, dtype=dtype, requires_grad=True)
        for _ in "qkv"
    ]
    grad = torch.randn_like(tensors[0])

    def clock() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    (tensors[0] * 2).backward(grad)
    tensors[0].grad = None
    begin = clock()
    import spattn.torch

    imported = clock()
    out = spattn.torch.attention(*tensors, spattn.exclusive_bands())
    forward = clock()
    out.backward(grad)
    backward = clock()
    return {
        "import_s": round(imported - begin, 3),
        "forward_s": round(forward - imported, 3),
        "backward_s": round(backward - forward, 3),
        "total_s": round(backward - begin, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--shape", default="2x16x4096x128", help="BxHxNxD")
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        shape = [int(size) for size in arguments.shape.split("x")]
        print(json.dumps(first_calls(arguments.device, shape)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, __file__, "--child"]
        command += [f"--device={arguments.device}", f"--shape={arguments.shape}"]
        environment = os.environ | {"SPATTN_CACHE_DIR": cache}
        for name, limit in LIMITS.items():
            answer = subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            row = {"cache": name, "device": arguments.device, "shape": arguments.shape}
            row |= json.loads(answer.stdout.splitlines()[-1])
            rows.append(row)
            goal = f", at most {limit} s" if arguments.device == "cuda" else ""
            print(
                f"{name}: {row['total_s']:.3f} s{goal} (import {row['import_s']:.3f}, "
                f"forward {row['forward_s']:.3f}, gradients {row['backward_s']:.3f})"
            )
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
