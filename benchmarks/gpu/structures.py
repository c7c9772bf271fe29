"""Times every structure of the paper's comparison, and dense attention.

    python benchmarks/gpu/structures.py OUT.json [--only NAME ...] [--lengths N ...]

All are called through spattn.torch with 32,768 tokens or one sequence: bf16, 16 heads
of dimension 128, forward, and backward by autograd. A row: {"structure", "source",
"system", "length", "pass", "ms", "floor_ms", "visited", "tiles", "pairs", ...}; counts
are of one batch entry, and tiles of 128 x 128. The system "cudnn" is dense causal
attention by torch. measure.py describes times. `--table FILE` prints a table of
Markdown instead.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

LENGTHS = (4096, 16384, 65536)
TOKENS, HEADS, DIM = 32768, 16, 128
PASSES = {"forward": (4, "bytes"), "backward": (10, "bytes_backward")}
"""Operations per pair and element of a head dimension, and what is moved."""


def measure(case, length: int, system: str, rates: tuple[float, float]) -> list[dict]:
    """The rows of a structure at a length."""
    import torch
    from measure import medians
    from torch.nn import functional
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from workloads import random

    batch = max(1, TOKENS // length)
    tensors = [random(batch, length, HEADS, DIM).transpose(1, 2) for _ in range(4)]
    *leaves, dout = (x.detach().requires_grad_() for x in tensors)
    call = case.make(length, HEADS)
    if system == "cudnn":

        def call(q, k, v):
            with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                return functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    used = leaves[::2] if case.shares_keys else leaves

    def forward():
        with torch.no_grad():
            call(*leaves)

    forward()
    out = call(*leaves)

    def backward():
        torch.autograd.grad(out, used, dout, retain_graph=True)

    counts = asdict(case.count(length, HEADS))
    rows = []
    for name, run in (("forward", forward), ("backward", backward)):
        per_pair, bytes_ = PASSES[name]
        operations = per_pair * DIM * counts["pairs"] * batch
        moved = batch * counts[bytes_]
        copy, product = rates
        row = {
            "structure": case.name,
            "source": case.source,
            "system": system,
            "length": length,
            "batch": batch,
            "pass": name,
            "ms": round(medians({"": run})[""], 4),
            "floor_ms": round(max(operations / product, moved / copy), 4),
            **counts,
        }
        rows.append(row)
        text = f"{case.name:32s} {system:7s} {length:6d} {name:8s} {row['ms']:9.4f} ms"
        print(text, f"{row['ms'] / row['floor_ms']:6.2f} x floor", flush=True)
    return rows


def run(options) -> None:
    import torch
    from comparison import COMPARED
    from measure import get_commit, rates

    found = rates()
    origin = {"commit": get_commit(), "gpu": torch.cuda.get_device_name()}
    target = options.target
    rows = json.loads(target.read_text()) if target.exists() else []
    for case in COMPARED:
        if options.only and case.name not in options.only:
            continue
        for system in ("spattn", "cudnn") if case.name == "dense" else ("spattn",):
            for length in options.lengths:
                try:
                    new = measure(case, length, system, found)
                except Exception as error:  # One structure must not stop the others.
                    text = str(error)[:300]
                    print(f"{case.name} {length}: {type(error).__name__}: {text}")
                    continue
                key = case.name, system, length
                names = "structure", "system", "length"
                rows = [r for r in rows if tuple(r[n] for n in names) != key]
                rows += [row | origin for row in new]
                target.write_text(json.dumps(rows, indent=1) + "\n")


def table(rows: list[dict]) -> list[str]:
    """Times, what share of them the floor is, and how many times as fast as dense
    attention by cuDNN, for each length."""
    lengths = sorted({row["length"] for row in rows})
    head = ["structure", "of"]
    for length in lengths:
        head += [f"{length:,}: tiles", "forward", "gradients"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    by = {(r["structure"], r["system"], r["length"], r["pass"]): r for r in rows}
    for name, system in dict.fromkeys((r["structure"], r["system"]) for r in rows):
        cells = []
        for length in lengths:
            for pass_ in PASSES:
                row = by.get((name, system, length, pass_))
                dense = by.get(("dense", "cudnn", length, pass_))
                if row is None or dense is None:
                    cells += ["", ""] if pass_ == "forward" else [""]
                    continue
                if pass_ == "forward":
                    cells.append(f"{100 * row['visited'] / row['tiles']:.1f}%")
                share = 100 * row["floor_ms"] / row["ms"]
                speed = dense["ms"] / row["ms"]
                cells.append(f"{row['ms']:.3f} ms, {share:.0f}%, {speed:.1f}x")
        source = next(r["source"] for r in rows if r["structure"] == name)
        label = f"{name}, cuDNN" if system == "cudnn" else name
        lines.append(f"| {' | '.join([label, source, *cells])} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="JSON, to which rows are added")
    parser.add_argument("--only", nargs="+", help="names of structures")
    parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS)
    parser.add_argument("--table", action="store_true", help="print what it holds")
    options = parser.parse_args()
    if options.table:
        print("\n".join(table(json.loads(options.target.read_text()))))
        return
    sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))
    run(options)


if __name__ == "__main__":
    main()
