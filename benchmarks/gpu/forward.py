"""Checks and times the forward kernels on a Hopper GPU, and compares other systems.

    python benchmarks/gpu/forward.py OUT.json [--variants torch]

Needs the package spattn, and torch; no LLVM. The variants are "torch", the kernels that
spattn.torch selects, and other tile shapes, unless `--variants torch` is given. Every
kernel is compared with attention in float64 at small sizes, with poisoned outputs, and
runs twice to compare the bits. measure.py describes times and rows.
"""

import argparse
import math
from pathlib import Path

import torch
from kernels import FORWARD
from launch import bind_torch, bind_variants
from measure import Report
from peers import forward_calls
from workloads import WORKLOADS, allowed, count, random, workload_name

# Batch, queries and keys of the comparisons with float64.
CHECKED = ((1, 1, 1), (1, 128, 128), (2, 1000, 1000), (1, 777, 1500))


def work(structure, batch, heads, length, dim) -> tuple[int, int]:
    """The minimum operations and bytes."""
    pairs, rows = count(structure, length, heads)
    return 4 * dim * pairs * batch, 2 * batch * dim * (3 * rows + heads * length)


def verify(bind, structure, batch, heads, key_heads, queries, keys, dim) -> float:
    """The relative error against float64."""
    torch.manual_seed(queries)
    q = random(batch, heads, queries, dim)
    k, v = (random(batch, key_heads, keys, dim) for _ in range(2))
    out = torch.full_like(q, math.nan)
    lse = torch.full((batch, heads, queries), math.nan, device="cuda")
    tensors = {"q": q, "k": k, "v": v, "o": out, "lse": lse}
    launch = bind(tensors, 0xFF)
    launch()
    first = out.clone()
    out.fill_(math.nan)
    launch()
    torch.cuda.synchronize()
    assert torch.equal(first, out), "two runs differ"
    pairs = allowed(structure, heads, queries, keys)
    k, v = (x.double().repeat_interleave(heads // key_heads, 1) for x in (k, v))
    scores = q.double() @ k.transpose(2, 3) / math.sqrt(dim)
    scores = scores.masked_fill(~pairs, -math.inf)
    reference = torch.softmax(scores, -1).nan_to_num(0) @ v
    log = torch.logsumexp(scores, -1)
    some = log.isfinite()
    assert (lse[~some] == -math.inf).all() and (out[~some] == 0).all()
    assert (lse.double()[some] - log[some]).abs().max() < 1e-4
    error = ((out.double() - reference).norm() / reference.norm()).item()
    assert error < 5e-3, f"{structure} {queries} {keys} {dim}: error {error}"
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--variants", choices=("torch",))
    arguments = parser.parse_args()
    report = Report(arguments.target)
    for workload in WORKLOADS:
        structure, heads, key_heads, dim, batch, length = workload
        q, out = (random(batch, heads, length, dim) for _ in range(2))
        k, v = (random(batch, key_heads, length, dim) for _ in range(2))
        lse = torch.empty(batch, heads, length, device="cuda")
        tensors = {"q": q, "k": k, "v": v, "o": out, "lse": lse}
        calls, errors = {}, {}
        binds = {"torch": bind_torch(structure, backward=False)}
        if arguments.variants is None:
            binds |= bind_variants(FORWARD, workload, backward=False)
        for variant, bind in binds.items():
            errors[variant] = max(
                verify(bind, structure, b, heads, key_heads, nq, nk, dim)
                for b, nq, nk in CHECKED
            )
            calls[variant] = bind(tensors, None)
        calls |= forward_calls(workload, tensors)
        amount = work(structure, batch, heads, length, dim)
        report.time(workload_name(*workload), "forward", amount, calls, errors, {})


if __name__ == "__main__":
    main()
