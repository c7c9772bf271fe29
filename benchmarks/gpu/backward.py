"""Checks and times the gradient kernels on a GPU, and compares them with other systems.

    python benchmarks/gpu/backward.py OUT.json [--variants torch] [--only spattn]

Needs the package spattn, and torch; no LLVM. The variants are "torch", the kernels that
spattn.torch selects, and all backward modes, unless `--variants torch` is given. Every
kernel is compared with gradients in float64 at small sizes, with poisoned outputs and
scratch. measure.py describes times and rows; the floor is that of the gradients'
operations and bytes. `--only spattn` leaves out the other systems.
"""

import argparse
import math
from pathlib import Path

import torch
from kernels import BACKWARD
from launch import bind_torch, bind_variants
from measure import Report
from peers import backward_calls
from workloads import WORKLOADS, allowed, count, intervals, random, workload_name


def work(structure, batch, heads, key_heads, length, dim) -> tuple[int, int]:
    """The minimum operations and bytes."""
    pairs, rows = count(structure, length, heads)
    # Queries, outputs and their gradients, keys and values only where they are
    # visited; the results everywhere.
    touched = 3 * rows + 2 * rows * key_heads // heads
    written = heads * length + 2 * key_heads * length
    return 10 * dim * pairs * batch, 2 * batch * dim * (touched + written)


def verify(bind, structure, batch, heads, key_heads, queries, keys, dim):
    """The greatest relative error of the three gradients, and whether two runs are
    bitwise equal."""
    torch.manual_seed(queries)
    q = random(batch, heads, queries, dim)
    k, v = (random(batch, key_heads, keys, dim) for _ in range(2))
    grad = random(batch, heads, queries, dim)
    pairs = allowed(structure, heads, queries, keys)
    wide = [x.double().requires_grad_() for x in (q, k, v)]
    many = [x.repeat_interleave(heads // key_heads, 1) for x in wide[1:]]
    scores = wide[0] @ many[0].transpose(2, 3) / math.sqrt(dim)
    scores = scores.masked_fill(~pairs, -math.inf)
    lse = torch.logsumexp(scores, -1)
    probabilities = torch.where(pairs, torch.exp(scores - lse[..., None]), 0)
    out = probabilities.nan_to_num(0) @ many[1]
    # Softmax differentiated by hand: infinities would spoil torch's own.
    g, p = grad.double(), probabilities.nan_to_num(0).detach()
    ds = p * (g @ many[1].transpose(2, 3) - (g * out).sum(-1, keepdim=True)).detach()
    group = heads // key_heads

    def grouped(x):
        return x.unflatten(1, (key_heads, group)).sum(2)

    scale = 1 / math.sqrt(dim)
    wanted = {
        "dq": ds @ many[0].detach() * scale,
        "dk": grouped(ds.transpose(2, 3) @ q.double() * scale),
        "dv": grouped(p.transpose(2, 3) @ g),
    }
    tensors = {
        "q": q,
        "k": k,
        "v": v,
        "o": out.detach().to(torch.bfloat16),
        "lse": lse.detach().float(),
        "do": grad,
    }
    like = {"dq": q, "dk": k, "dv": v}
    for name, x in like.items():
        tensors[name] = torch.full_like(x, math.nan)
    launch = bind(tensors, 0xFF)
    launch()
    first = {name: tensors[name].clone() for name in like}
    for name in like:
        tensors[name].fill_(math.nan)
    launch()
    torch.cuda.synchronize()
    same = all(torch.equal(first[name], tensors[name]) for name in like)
    rows, columns = pairs.any(1 + 1), grouped(pairs[None].int())[0].sum(1) > 0
    assert (tensors["dq"][:, ~rows] == 0).all(), "queries without keys"
    for name in ("dk", "dv"):
        assert (tensors[name][:, ~columns] == 0).all(), "keys without queries"
    # The gradients of a row that sees one key are 0.
    least = g.norm() / 100
    errors = {
        name: ((tensors[name].double() - x).norm() / x.norm().clamp(min=least)).item()
        for name, x in wanted.items()
    }
    assert all(e < 1e-2 for e in errors.values()), (structure, queries, keys, errors)
    return max(errors.values()), same


def expected_lse(structure, batch, heads, length):
    """Roughly the log-sum-exp of random queries and keys. The values matter, because
    the power that a matrix product draws depends on its operands."""
    i = torch.arange(length, device="cuda")
    rows = []
    for spans in intervals(structure, length, heads):
        seen = sum((i + 1).clamp(max=hi).sub(lo).clamp(min=0) for lo, hi in spans)
        rows.append(seen.float().log() + 0.5)
    return torch.stack(rows).expand(batch, -1, -1).contiguous()


# Batch, queries and keys of the comparisons with float64.
CHECKED = ((1, 1, 1), (1, 128, 128), (2, 1000, 1000), (1, 777, 1500), (1, 1500, 700))


def run(target: Path, variants: str | None, only: str | None) -> None:
    report = Report(target)
    for workload in WORKLOADS:
        structure, heads, key_heads, dim, batch, length = workload
        q, out, grad = (random(batch, heads, length, dim) for _ in range(3))
        k, v = (random(batch, key_heads, length, dim) for _ in range(2))
        lse = expected_lse(structure, batch, heads, length)
        tensors = {"q": q, "k": k, "v": v, "o": out, "lse": lse, "do": grad}
        for like, x in (("dq", q), ("dk", k), ("dv", v)):
            tensors[like] = torch.empty_like(x)
        calls, errors, same = {}, {}, {}
        binds = {"torch": bind_torch(structure, backward=True)}
        if variants is None:
            binds |= bind_variants(BACKWARD, workload, backward=True)
        for variant, bind in binds.items():
            try:
                found = [
                    verify(bind, structure, b, heads, key_heads, nq, nk, dim)
                    for b, nq, nk in CHECKED
                ]
            except AssertionError as error:
                print(
                    f"{workload_name(*workload)} {variant}: WRONG {error}", flush=True
                )
                continue
            errors[variant] = max(e for e, _ in found)
            same[variant] = all(s for _, s in found)
            calls[variant] = bind(tensors, None)
        if only is None:
            calls |= backward_calls(workload, tensors)
        amount = work(structure, batch, heads, key_heads, length, dim)
        report.time(workload_name(*workload), "backward", amount, calls, errors, same)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--variants", choices=("torch",))
    parser.add_argument("--only", choices=("spattn",))
    arguments = parser.parse_args()
    run(arguments.target, arguments.variants, arguments.only)


if __name__ == "__main__":
    main()
