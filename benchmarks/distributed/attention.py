#!/usr/bin/env python3
# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times attention over a sequence that is spread over ranks, forward and gradients.

    torchrun --nproc-per-node=8 benchmarks/distributed/attention.py [OUT.json] ...

"keys" is spattn.torch.distributed.attention, "heads" its head_parallel_attention,
"ring" the exchange of all keys by plain torch P2P with spattn for the parts (ring.py),
and "one" spattn.torch.attention of the whole sequence on one GPU, where it has the
memory. "ms" is the time of the slowest rank, the median of --rounds; "step" is forward
and gradients. "MB sent" is the most that a rank sends in a forward pass and "predicted"
the step, both by `plan`. Before each length, outputs and gradients of all systems are
compared with those of "one", at a length of --check tokens; "error" is the greatest,
relative to the greatest element. Prints rows, and writes them as JSON, after each
length those so far. At the first call of each system, ranks compile kernels for each
length: about a minute for all systems. --systems and --assignments leave some out: this
times one system on long sequences in a minute or two:

    torchrun --nproc-per-node=2 benchmarks/distributed/attention.py OUT.json \\
        --lengths 524288 1048576 --structures local_band --systems keys \\
        --assignments zigzag --rounds 3 --warm-up 1

Without a GPU, `--device=cpu --lengths 256 --check 256` tries whether it works.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import spattn.torch
import torch
import torch.distributed as dist
from ring import ring_attention
from spattn.torch import distributed

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

import processes  # noqa: E402

STRUCTURES = {
    "exclusive": spattn.exclusive_bands(),
    "local_band": spattn.local_band(),
    "local_band, sink": spattn.local_band() | spattn.sink(4),
    "causal": spattn.causal(),
}
SYSTEMS = ("one", "keys", "heads", "ring")
ASSIGNMENTS = ("contiguous", "zigzag")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", help="write rows to this file")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--lengths", type=int, nargs="+", default=[2**17, 2**19, 2**20])
    parser.add_argument("--structures", nargs="+", default=["exclusive", "local_band"])
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--kv-heads", type=int, default=16)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--stages", type=int, nargs="+", default=[2])
    parser.add_argument("--check", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=3, help="rounds before")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument(
        "--assignments", nargs="+", choices=ASSIGNMENTS, default=ASSIGNMENTS
    )
    parser.add_argument("--link", default="NVLink", choices=list(distributed.LINKS))
    return parser.parse_args()


def systems_of(options, structure, ranks, group):
    """name -> (function of the shards, kind of assignment, way of the plan)."""
    found = {}
    for kind in options.assignments if "keys" in options.systems else ():
        for stages in options.stages:
            found[f"keys, {kind}, {stages} stages"] = (
                lambda *x, given, stages=stages: distributed.attention(
                    *x, structure, group, assignment=given, stages=stages
                ),
                kind,
                ("keys", kind),
            )
    if "heads" in options.systems and options.kv_heads % ranks == 0:
        found["heads"] = (
            lambda *x, given: distributed.head_parallel_attention(
                *x, structure, group, assignment=given
            ),
            "contiguous",
            ("heads", "contiguous"),
        )
    for kind in options.assignments if "ring" in options.systems else ():
        found[f"ring, {kind}"] = (
            lambda *x, given: ring_attention(*x, structure, group, given),
            kind,
            ("ring", kind),
        )
    return found


class Timer:
    """Times of the slowest rank of a group, or of this one, in milliseconds."""

    def __init__(self, options, group):
        self.options, self.group = options, group
        self.device = torch.device(options.device)

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def median(self, call):
        times = []
        for number in range(self.options.warm_up + self.options.rounds):
            self.synchronize()
            if self.group is not None:
                dist.barrier(self.group)
            begin = time.perf_counter()
            call()
            self.synchronize()
            if number >= self.options.warm_up:
                times.append(1e3 * (time.perf_counter() - begin))
        slowest = torch.tensor(times, dtype=torch.float64)
        if self.group is not None:
            dist.all_reduce(slowest, dist.ReduceOp.MAX, group=self.group)
        return statistics.median(slowest.tolist())


def tensors_of(options, length, device):
    """The queries, keys, values and output gradients of all tokens, the same on all
    ranks."""
    generator = torch.Generator().manual_seed(0)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    heads = options.heads, options.kv_heads, options.kv_heads, options.heads
    return [
        torch.randn(1, n, length, options.dim, generator=generator).to(device, dtype)
        for n in heads
    ]


def shards_of(options, given, rank, device):
    """Random tensors of a rank's tokens."""
    generator = torch.Generator(device).manual_seed(rank)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    heads = options.heads, options.kv_heads, options.kv_heads, options.heads
    return [
        torch.randn(
            *(1, n, given.rows[rank], options.dim),
            **{"generator": generator, "device": device, "dtype": dtype},
        )
        for n in heads
    ]


def error_of(options, structure, system, kind, group, device):
    """The greatest relative error of output and gradients, at a small length."""
    length, rank = options.check, dist.get_rank(group)
    *inputs, grad = tensors_of(options, length, device)
    given = getattr(distributed, kind)(length, dist.get_world_size(group))
    leaves = [x.clone().requires_grad_() for x in inputs]
    expected = spattn.torch.attention(*leaves, structure)
    expected = [expected.detach(), *torch.autograd.grad(expected, leaves, grad)]
    own = [distributed.shard(x, given, rank).clone() for x in (*inputs, grad)]
    leaves = [x.requires_grad_() for x in own[:3]]
    output = system(*leaves, given=given)
    found = [output.detach(), *torch.autograd.grad(output, leaves, own[3])]
    worst = max(
        float(
            (a - distributed.shard(e, given, rank)).float().abs().max() / e.abs().max()
        )
        for a, e in zip(found, expected, strict=True)
    )
    greatest = torch.tensor(worst, dtype=torch.float64)
    dist.all_reduce(greatest, dist.ReduceOp.MAX, group=group)
    return greatest.item()


def times_of(timer, function, tensors):
    """Milliseconds of a forward pass, and of that and gradients."""
    *inputs, grad = tensors
    leaves = [x.requires_grad_() for x in inputs]

    def step():
        torch.autograd.grad(function(*leaves), leaves, grad)

    with torch.no_grad():
        forward = timer.median(lambda: function(*leaves))
    return {"forward": forward, "step": timer.median(step)}


def one_gpu(options, structure, length, rank, device):
    """The same on the first rank's GPU; nothing where its memory does not do."""
    if rank != 0 or "one" not in options.systems:
        return {}
    timer, whole = Timer(options, None), distributed.contiguous(length, 1)

    def attend(*tensors):
        return spattn.torch.attention(*tensors, structure)

    try:
        return times_of(timer, attend, shards_of(options, whole, 0, device))
    except torch.OutOfMemoryError as error:
        print(f"one, {length} tokens: {str(error)[:200]}", file=sys.stderr, flush=True)
        return {}
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()


def main():
    options = parse_arguments()
    ranks = processes.join(options.device)
    if not dist.is_initialized():
        sys.exit("run this by torchrun")
    group = dist.group.WORLD
    rank = dist.get_rank()
    if any(n % (2 * ranks) for n in (*options.lengths, options.check)):
        sys.exit(f"expected lengths that are multiples of {2 * ranks}, for the ring")
    device = torch.device(options.device)
    if options.device == "cuda":
        device = torch.device("cuda", torch.cuda.current_device())
    timer, rows = Timer(options, group), []

    def record(**row):
        rows.append({"ranks": ranks, "heads": options.heads, "dim": options.dim, **row})
        if rank == 0:
            print(json.dumps(rows[-1]), flush=True)

    for name in options.structures:
        structure = STRUCTURES[name]
        systems = systems_of(options, structure, ranks, group)
        errors = {
            system: error_of(options, structure, function, kind, group, device)
            for system, (function, kind, _) in systems.items()
        }
        for length in options.lengths:
            plan = distributed.plan(
                structure,
                *(length, ranks),
                heads=options.heads,
                kv_heads=options.kv_heads,
                head_dim=options.dim,
                link=options.link,
            )
            ways = {(w.method, w.assignment.name): w for w in plan.ways}
            if rank == 0:
                print(plan, flush=True)
            one = one_gpu(options, structure, length, rank, device)
            for which, ms in one.items():
                record(
                    **{"workload": name, "length": length, "system": "one"},
                    **{"pass": which, "ms": ms},
                )
            for system, (function, kind, way) in systems.items():
                given = getattr(distributed, kind)(length, ranks)
                tensors = shards_of(options, given, rank, device)
                found = times_of(
                    timer, lambda *x, f=function, g=given: f(*x, given=g), tensors
                )
                predicted = ways.get(way)
                for which, ms in found.items():
                    record(
                        **{"workload": name, "length": length, "system": system},
                        **{"pass": which, "ms": ms, "error": errors[system]},
                        MB_sent=predicted and max(predicted.sent) / 1e6,
                        predicted_step_ms=predicted and predicted.step_ms,
                    )
                del tensors
            if rank == 0 and options.out:
                Path(options.out).write_text(json.dumps(rows, indent=1) + "\n")
    worst = max((row.get("error", 0) for row in rows), default=0)
    limit = 2e-2 if options.device == "cuda" else 1e-4
    if worst > limit:
        print(f"an error of {worst} is more than rounding explains", file=sys.stderr)
    processes.leave(worst > limit)


if __name__ == "__main__":
    main()
