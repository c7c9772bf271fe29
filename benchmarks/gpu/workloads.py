"""The workloads of the GPU benchmarks: sizes, and structures by their definition,
independently of spattn's algebra. Needs torch."""

import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

import patterns  # noqa: E402

WORKLOADS = [
    # structure, heads, key heads, dim, batch, length
    *(
        (s, 16, 16, d, b, length)
        for s in ("exclusive", "local_band")
        for d, b, length in (
            (128, 8, 4096),
            (128, 2, 16384),
            (128, 1, 65536),
            (64, 8, 4096),
            (64, 2, 16384),
        )
    ),
    ("window1024", 16, 16, 128, 2, 16384),
    ("causal", 16, 16, 128, 2, 16384),
    ("causal", 16, 16, 64, 2, 16384),
    ("exclusive", 32, 8, 128, 2, 16384),
]


def workload_name(structure, heads, key_heads, dim, batch, length) -> str:
    head_text = f"H{heads}" if heads == key_heads else f"H{heads}/{key_heads}"
    return f"{structure} {head_text} D{dim} B{batch} N{length}"


def pattern(structure: str) -> str:
    """The structure's name in patterns.py."""
    return structure.replace("_", "+")


def intervals(structure: str, length: int, heads: int):
    """The intervals of distances of each head."""
    for head in range(heads):
        yield patterns.intervals(pattern(structure), head, heads, length)


def count(structure: str, length: int, heads: int) -> tuple[int, int]:
    """The numbers of allowed pairs and of non-empty rows, per batch entry."""
    pairs = rows = 0
    for spans in intervals(structure, length, heads):
        for lo, hi in spans:
            pairs += sum(length - d for d in range(lo, min(hi, length)))
        rows += max(0, length - min(lo for lo, _ in spans))
    return pairs, rows


def allowed(structure: str, heads: int, queries: int, keys: int) -> torch.Tensor:
    """The mask, (heads, queries, keys)."""
    d = torch.arange(queries, device="cuda")[:, None] + (keys - queries)
    d = d - torch.arange(keys, device="cuda")
    return torch.stack(
        [
            torch.stack([(d >= lo) & (d < hi) for lo, hi in spans]).any(0)
            for spans in intervals(structure, keys, heads)
        ]
    )


def random(*shape) -> torch.Tensor:
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)
