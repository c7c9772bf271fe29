"""The workloads of the GPU benchmarks: sizes, and structures by their definition,
independently of spattn's algebra. Needs torch."""

import torch
from torch.nn.attention.flex_attention import create_block_mask

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


def intervals(structure: str, length: int, heads: int):
    """The intervals of distances of each head."""
    for h in range(heads):
        base, rest = divmod(length, heads)
        width, start = base + (h < rest), h * base + min(h, rest)
        if structure == "exclusive":
            yield [(start, start + width)]
        elif structure == "local_band":
            near = (0, width + 1)
            yield [near, (max(start, width + 1), max(start + width, width + 1))]
        elif structure == "window1024":
            yield [(0, 1024)]
        else:
            yield [(0, length)]


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


def block_mask(structure: str, length: int, heads: int):
    """FlexAttention's block mask. Long ones fit in memory only if compiled."""
    w = length // heads
    mask = {
        "exclusive": lambda b, h, i, j: (i - j >= h * w) & (i - j < (h + 1) * w),
        "local_band": lambda b, h, i, j: (
            (i >= j) & ((i - j <= w) | ((i - j >= h * w) & (i - j < (h + 1) * w)))
        ),
        "window1024": lambda b, h, i, j: (i >= j) & (i - j < 1024),
    }[structure]
    shape = (None, heads, length, length)
    return create_block_mask(mask, *shape, device="cuda", _compile=length > 16384)


def random(*shape) -> torch.Tensor:
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)
