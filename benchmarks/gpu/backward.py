"""Checks and times the gradient kernels on a GPU, beside what PyTorch has.

    python benchmarks/gpu/backward.py build FOLDER        # anywhere
    python benchmarks/gpu/backward.py run FOLDER OUT.json # on the GPU

`run` needs torch and cuda-bindings; no LLVM. Every kernel is compared with
gradients in float64 at small sizes, with poisoned outputs and scratch. Times and
rows are as those of forward.py, the floor is of the gradients' operations and
bytes. `--only spattn` leaves the other systems out.
"""

import argparse
import datetime
import json
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kernels import HEADS, STRUCTURES


@dataclass(frozen=True)
class Variant:
    """A target, options of convert-spattn-to-spattn-gpu, and a tile shape."""

    target: str = "sm_90a"
    options: str = ""
    dims: tuple[int, ...] = (64, 128)
    # Queries and keys of a tile; none for the default.
    tile_shape: tuple[int, int] | None = None


VARIANTS = {
    "default": Variant(options="deterministic=false"),
    "deterministic": Variant(options="deterministic=true"),
    "sm80": Variant("sm_90", "shared-memory=166912"),
}


def source(
    structure: str, heads: int, key_heads: int, dim: int, tile_shape=None
) -> str:
    q = f"tensor<?x{heads}x?x{dim}xbf16>"
    k = f"tensor<?x{key_heads}x?x{dim}xbf16>"
    lse = f"tensor<?x{heads}x?xf32>"
    tiles = ""
    if tile_shape:
        queries, keys = tile_shape
        tiles = f" {{tile_shape = #spattn.tile_shape<query_tile = {queries}, "
        tiles += f"key_tile = {keys}>}}"
    return f"""
func.func @backward(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}, %g: {q},
                    %dq: {q}, %dk: {k}, %dv: {k}) -> ({q}, {k}, {k}) {{
  %r:3 = spattn.attention_backward structure({STRUCTURES[structure]})
           ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {k}, {q}, {lse}, {q})
           outs(%dq, %dk, %dv : {q}, {k}, {k}){tiles}
  return %r#0, %r#1, %r#2 : {q}, {k}, {k}
}}
"""


def entries():
    for dim in (64, 128):
        for structure in STRUCTURES:
            yield structure, "", dim
        yield "exclusive", "_gqa", dim


def build(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    translate = Path(__file__).parents[2] / "build/bin/spattn-translate"
    for structure, suffix, dim in entries():
        for name, variant in VARIANTS.items():
            if dim not in variant.dims:
                continue
            path = folder / f"{structure}{suffix}.d{dim}.{name}.mlir"
            path.write_text(source(structure, *HEADS[suffix], dim, variant.tile_shape))
            artifact = path.with_suffix(".spattn")
            commands = [
                [
                    "--spattn-to-artifact",
                    f"--chip={variant.target}",
                    f"--gpu-options={variant.options}",
                    path,
                    "-o",
                    artifact,
                ],
                ["--artifact-to-text", artifact, "-o", path.with_suffix(".txt")],
                ["--artifact-to-code", artifact, "-o", path.with_suffix(".cubin")],
            ]
            for arguments in commands:
                subprocess.run([translate, *arguments], check=True)
            artifact.unlink()
            path.unlink()
            print(path.with_suffix(".cubin"), flush=True)


def work(structure, batch, heads, key_heads, length, dim) -> tuple[int, int]:
    """Operations, and bytes that have to move at least."""
    from forward import intervals

    pairs = rows = 0
    for spans in intervals(structure, length, heads):
        for lo, hi in spans:
            pairs += sum(length - d for d in range(lo, min(hi, length)))
        rows += max(0, length - min(lo for lo, _ in spans))
    # Queries, outputs and their gradients, keys and values that are touched;
    # gradients everywhere.
    touched = 3 * rows + 2 * rows * key_heads // heads
    written = heads * length + 2 * key_heads * length
    return 10 * dim * pairs * batch, 2 * batch * dim * (touched + written)


def verify(artifact, structure, batch, heads, key_heads, queries, keys, dim):
    """The greatest relative error of the three gradients, and whether two runs
    have the same bits."""
    import torch
    from forward import intervals, random

    torch.manual_seed(queries)
    q = random(batch, heads, queries, dim)
    k, v = (random(batch, key_heads, keys, dim) for _ in range(2))
    grad = random(batch, heads, queries, dim)
    d = torch.arange(queries, device="cuda")[:, None] + (keys - queries)
    d = d - torch.arange(keys, device="cuda")
    allowed = torch.stack(
        [
            torch.stack([(d >= lo) & (d < hi) for lo, hi in spans]).any(0)
            for spans in intervals(structure, keys, heads)
        ]
    )
    wide = [x.double().requires_grad_() for x in (q, k, v)]
    many = [x.repeat_interleave(heads // key_heads, 1) for x in wide[1:]]
    scores = wide[0] @ many[0].transpose(2, 3) / math.sqrt(dim)
    scores = scores.masked_fill(~allowed, -math.inf)
    lse = torch.logsumexp(scores, -1)
    probabilities = torch.where(allowed, torch.exp(scores - lse[..., None]), 0)
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
    launch = artifact.bind(tensors, scale, poison=0xFF)
    launch()
    first = {name: tensors[name].clone() for name in like}
    for name in like:
        tensors[name].fill_(math.nan)
    launch()
    torch.cuda.synchronize()
    same = all(torch.equal(first[name], tensors[name]) for name in like)
    rows, columns = allowed.any(1 + 1), grouped(allowed[None].int())[0].sum(1) > 0
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
    """About what random queries and keys have: what they multiply matters to how
    much power a product takes."""
    import torch
    from forward import intervals

    i = torch.arange(length, device="cuda")
    rows = []
    for spans in intervals(structure, length, heads):
        seen = sum((i + 1).clamp(max=hi).sub(lo).clamp(min=0) for lo, hi in spans)
        rows.append(seen.float().log() + 0.5)
    return torch.stack(rows).expand(batch, -1, -1).contiguous()


# Batch, queries and keys of the comparisons with float64.
CHECKED = ((1, 1, 1), (1, 128, 128), (2, 1000, 1000), (1, 777, 1500), (1, 1500, 700))


def run(folder: Path, target: Path, only: str | None) -> None:
    import torch
    import torch.nn.functional as F
    from artifact import Artifact
    from forward import (
        WORKLOADS,
        block_mask,
        get_commit,
        kept_rows,
        medians,
        random,
        rates,
    )
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.attention.flex_attention import flex_attention

    torch.zeros(1, device="cuda")
    flex = torch.compile(flex_attention, dynamic=False)
    copy_rate, product_rate = rates()
    gpu = torch.cuda.get_device_name()
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    commit = get_commit()
    print(gpu)
    print(f"copy {copy_rate / 1e9:.2f} TB/s, product {product_rate / 1e9:.0f} TFLOP/s")
    rows = kept_rows(target, other_than="backward")
    for structure, name, heads, key_heads, dim, batch, length in WORKLOADS:
        head_text = f"H{heads}" if heads == key_heads else f"H{heads}/{key_heads}"
        workload = f"{name} {head_text} D{dim} B{batch} N{length}"
        operations, moved = work(structure, batch, heads, key_heads, length, dim)
        floor = max(operations / product_rate, moved / copy_rate)
        q, out, grad = (random(batch, heads, length, dim) for _ in range(3))
        k, v = (random(batch, key_heads, length, dim) for _ in range(2))
        lse = expected_lse(structure, batch, heads, length)
        tensors = {"q": q, "k": k, "v": v, "o": out, "lse": lse, "do": grad}
        for like, x in (("dq", q), ("dk", k), ("dv", v)):
            tensors[like] = torch.empty_like(x)
        suffix = "" if heads == key_heads else "_gqa"
        calls, errors, same = {}, {}, {}
        for path in sorted(folder.glob(f"{structure}{suffix}.d{dim}.*.cubin")):
            variant = path.name.split(".")[2]
            artifact = Artifact(path, path.with_suffix(".txt"))
            try:
                found = [
                    verify(artifact, structure, b, heads, key_heads, nq, nk, dim)
                    for b, nq, nk in CHECKED
                ]
            except AssertionError as error:
                print(f"{workload} {variant}: WRONG {error}", flush=True)
                continue
            errors[variant] = max(e for e, _ in found)
            same[variant] = all(s for _, s in found)
            calls[variant] = artifact.bind(tensors, 1 / math.sqrt(dim))
        if only is None:
            leaves = [x.detach().requires_grad_() for x in (q, k, v)]
            if structure == "causal":
                with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                    o = F.scaled_dot_product_attention(*leaves, is_causal=True)
                system = "cudnn"
            else:
                torch.compiler.reset()
                mask = block_mask(structure, length, heads)
                o = flex(*leaves, block_mask=mask, enable_gqa=heads != key_heads)
                system = "flex"

            def peer(o=o, leaves=leaves, grad=grad):
                torch.autograd.grad(o, leaves, grad, retain_graph=True)

            calls[system] = peer
        call_ms = medians(calls, busy=False)
        for system, ms in medians(calls).items():
            row = {
                "workload": workload,
                "system": "spattn" if system in errors else system,
                "pass": "backward",
                "ms": round(ms, 4),
                "call_ms": round(call_ms[system], 4),
                "floor_ms": round(floor, 4),
                "tflops": round(operations / ms / 1e9, 1),
                "error": errors.get(system),
                "commit": commit,
                "gpu": gpu,
                "date": date,
            }
            if system in errors:
                row["variant"] = system
            rows.append(row)
            print(f"{workload:34s} {system:12s} {ms:8.4f} ms", end=" ")
            print(f"{ms / floor:5.2f} x floor", end="")
            print(f" error {errors[system]:.1e}" if system in errors else "", end="")
            print("" if same.get(system, True) else " not the same bits", flush=True)
            target.write_text(json.dumps(rows, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=("build", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--only", choices=("spattn",))
    arguments = parser.parse_args()
    if arguments.action == "build":
        build(arguments.folder)
    else:
        run(arguments.folder, arguments.target, arguments.only)


if __name__ == "__main__":
    main()
