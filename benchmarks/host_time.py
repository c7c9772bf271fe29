#!/usr/bin/env python3
# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure the host time of a call: spattn.torch against torch's own attention.

    python benchmarks/host_time.py [--json FILE]

prints the host time per call in microseconds, and spattn's overhead relative to torch.
The tensors are small, so that the GPU finishes before the next call; nothing
synchronizes with it within a round. Calls:

    forward             under torch.no_grad
    forward, recorded   on tensors that require gradients
    backward            the same, and torch.autograd.grad with respect to all three

Systems:

    sdpa      F.scaled_dot_product_attention(is_causal=True)
    spattn    spattn.torch.attention(..., spattn.causal())
    operator  torch.ops.spattn.attention, without the fast path of the function
    python    a torch.autograd.Function that computes nothing: what autograd itself
              takes for a function in Python, which SDPA's in C++ does not pay

The systems take turns: in each of --rounds rounds, each makes --calls calls. The table
has the median and the fastest of the rounds.

Without a GPU, `--driver LIBRARY` measures everything except the driver's own time:
kernels are compiled for sm_90a and launched, on CPU tensors, through a driver that does
nothing, such as the tests' build/lib/libspattn_fake_cuda.so. torch's time is then that
of its CPU kernel, and not comparable.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import time

LIMITS = {"forward": 12, "backward": 25}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--shape", default="1x16x128x128", help="BxHxNxD")
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--driver", help="a library to use as the CUDA driver")
    return parser.parse_args()


def use_driver(path):
    """Launches GPU kernels on CPU tensors through the given driver."""
    os.environ["SPATTN_CUDA_DRIVER"] = os.path.abspath(path)
    import spattn
    from spattn.torch import _launcher

    kernel_for = _launcher.kernel_for

    def on_gpu(problem, target, query_length, key_length, device=0):
        return kernel_for(problem, "sm_90a", query_length, key_length)

    _launcher.kernel_for = on_gpu
    return spattn


def make_systems(shape, device):
    """The systems by name, as functions of (query, key, value)."""
    import spattn
    import spattn.torch
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    class Nothing(torch.autograd.Function):
        """Returns its first input, and the gradient for each."""

        @staticmethod
        def forward(ctx, q, k, v):
            ctx.save_for_backward(q, k, v)
            return q.view_as(q)

        @staticmethod
        def backward(ctx, grad):
            ctx.saved_tensors  # noqa: B018
            return grad, grad, grad

    structure = spattn.causal()
    operator = torch.ops.spattn.attention.default
    return {
        "sdpa": lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True),
        "spattn": lambda q, k, v: spattn.torch.attention(q, k, v, structure),
        "operator": lambda q, k, v: operator(q, k, v, structure.text)[0],
        "python": Nothing.apply,
    }


def make_calls(system, tensors, leaves, grad):
    """The measured calls of a system, by name."""
    import torch

    def forward():
        with torch.no_grad():
            system(*tensors)

    def recorded():
        system(*leaves)

    def backward():
        torch.autograd.grad(system(*leaves), leaves, grad)

    return {"forward": forward, "forward, recorded": recorded, "backward": backward}


def measure(calls, rounds, number, wait):
    """Microseconds per call, for each round."""
    for call in calls.values():
        for _ in range(number):
            call()
    wait()
    times = {name: [] for name in calls}
    gc.disable()
    for _ in range(rounds):
        for name, call in calls.items():
            # On a CPU, do not count other threads.
            clock = time.perf_counter if wait.counts else time.thread_time
            start = clock()
            for _ in range(number):
                call()
            times[name].append((clock() - start) / number * 1e6)
            wait()
    gc.enable()
    return times


class Wait:
    """Waits for the GPU, if there is one."""

    def __init__(self, device):
        self.counts = device == "cuda"

    def __call__(self):
        if self.counts:
            import torch

            torch.cuda.synchronize()


def main():
    arguments = parse_arguments()
    import torch

    device = "cpu"
    if arguments.driver:
        use_driver(arguments.driver)
        torch.set_num_threads(1)
    elif torch.cuda.is_available():
        device = "cuda"
    shape = tuple(map(int, arguments.shape.split("x")))
    tensors = [torch.randn(shape, device=device, dtype=torch.bfloat16) for _ in "qkv"]
    leaves = [x.clone().requires_grad_() for x in tensors]
    grad = torch.randn_like(tensors[0])
    systems = make_systems(shape, device)
    calls = {
        (system, name): call
        for system, function in systems.items()
        for name, call in make_calls(function, tensors, leaves, grad).items()
    }
    times = measure(calls, arguments.rounds, arguments.calls, Wait(device))

    machine = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    rows = [
        {
            "system": system,
            "call": name,
            "us": round(statistics.median(values), 2),
            "fastest_us": round(min(values), 2),
            "shape": arguments.shape,
            "machine": machine,
            "driver": "fake" if arguments.driver else device,
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
        for (system, name), values in times.items()
    ]
    report(rows)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")


def report(rows):
    """Prints a table, with the overhead relative to torch, and the limits."""
    theirs = {row["call"]: row for row in rows if row["system"] == "sdpa"}
    print(f"{rows[0]['machine']}, torch {rows[0]['torch']}, {rows[0]['shape']} bf16")
    print(f"{'us a call':28}{'median':>8}{'fastest':>9}{'over sdpa':>11}{'limit':>7}")
    for row in rows:
        over = row["us"] - theirs[row["call"]]["us"]
        limit = LIMITS.get(row["call"], "") if row["system"] == "spattn" else ""
        print(
            f"{row['system'] + ' ' + row['call']:28}{row['us']:8.2f}"
            f"{row['fastest_us']:9.2f}{over:11.2f}{limit:>7}"
        )


if __name__ == "__main__":
    main()
