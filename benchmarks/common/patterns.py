"""The benchmarks' structures, in the form that each system takes."""

import torch

STRUCTURES = ("causal", "exclusive", "local+band")

Interval = tuple[int, int]


def window_of(structure: str) -> int | None:
    """The number of keys that "window1024" or the like has for a query."""
    name, digits = structure[:6], structure[6:]
    return int(digits) if name == "window" and digits.isdigit() else None


def is_alike(structure: str) -> bool:
    """Whether all heads see the same."""
    return structure == "causal" or window_of(structure) is not None


def intervals(structure: str, head: int, heads: int, length: int) -> list[Interval]:
    """The intervals [lo, hi) of distances that a head sees, disjoint and ascending, by
    the definition of arXiv 2511.09596, independently of spattn's algebra."""
    if structure == "causal":
        return [(0, length)]
    if (window := window_of(structure)) is not None:
        return [(0, window)]
    width, rest = divmod(length, heads)
    start = head * width + min(head, rest)
    width += head < rest
    band = (start, start + width)
    if structure == "exclusive":
        return [band]
    near = (0, width + 1)
    if start <= near[1]:
        return [(0, max(near[1], band[1]))]
    return [near, band]


def for_spattn(structure: str):
    """The spattn structure."""
    import spattn

    if (window := window_of(structure)) is not None:
        return spattn.window(window)
    return {
        "causal": spattn.causal,
        "exclusive": spattn.exclusive_bands,
        "local+band": spattn.local_band,
    }[structure]()


def mask_function(structure: str, heads: int, length: int, device: str):
    """The mask_mod for FlexAttention."""
    if structure == "causal":
        return lambda b, h, i, j: i >= j
    if (window := window_of(structure)) is not None:
        return lambda b, h, i, j: (i >= j) & (i - j < window)
    if length % heads == 0:
        # Avoid captured tensors, which not every backend supports.
        width = length // heads
        if structure == "exclusive":
            return lambda b, h, i, j: (i - j >= h * width) & (i - j < (h + 1) * width)
        return lambda b, h, i, j: (
            (i >= j)
            & ((i - j <= width) | ((i - j >= h * width) & (i - j < (h + 1) * width)))
        )
    ends = [intervals(structure, h, heads, length) for h in range(heads)]
    first = torch.tensor([e[0] for e in ends], device=device)
    last = torch.tensor([e[-1] for e in ends], device=device)
    return lambda b, h, i, j: (
        ((i - j >= first[h, 0]) & (i - j < first[h, 1]))
        | ((i - j >= last[h, 0]) & (i - j < last[h, 1]))
    )


def block_mask(structure: str, heads: int, length: int, device: str, size: int = 128):
    """FlexAttention's block mask, computed from the intervals: create_block_mask
    evaluates every pair, which takes minutes at 65,536 tokens."""
    from torch.nn.attention.flex_attention import BlockMask

    blocks = -(-length // size)
    first = torch.arange(blocks, device=device) * size
    last = (first + size).clamp(max=length) - 1
    # A block contains the distances from `least` to `most`.
    least, most = first[:, None] - last, last[:, None] - first
    visited, full = [], []
    for head in range(1 if is_alike(structure) else heads):
        some = torch.zeros_like(least, dtype=torch.bool)
        all_ = some.clone()
        for lo, hi in intervals(structure, head, heads, length):
            some |= (most >= lo) & (least < hi)
            all_ |= (least >= lo) & (most < hi)
        # A block that extends past the end is not full.
        if length % size:
            all_[-1] = False
            all_[:, -1] = False
        visited.append(some & ~all_)
        full.append(all_)

    def ordered(dense: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        counts = dense.sum(-1, dtype=torch.int32)
        indices = torch.argsort(dense.int(), dim=-1, descending=True, stable=True)
        return counts, indices.int()

    partial, whole = (ordered(torch.stack(x)[None]) for x in (visited, full))
    return BlockMask.from_kv_blocks(
        *partial,
        *whole,
        BLOCK_SIZE=size,
        mask_mod=mask_function(structure, heads, length, device),
        seq_lengths=(length, length),
    )


def endpoints(
    structure: str, heads: int, length: int, batch: int, device: str
) -> torch.Tensor:
    """Interval ends for cuDNN: a query sees the keys [0, e0), [e1, e2), [e3, e4)."""
    i = torch.arange(length, device=device, dtype=torch.int32)
    if structure == "causal":
        return (i + 1).repeat(batch)[None, None].contiguous()
    heads_ends = []
    count = max(len(intervals(structure, h, heads, length)) for h in range(heads))
    for head in range(1 if is_alike(structure) else heads):
        ends = [torch.zeros_like(i)]
        # Ascending distances are descending keys.
        for lo, hi in reversed(intervals(structure, head, heads, length)):
            ends += [(i + 1 - hi).clamp(min=0), (i + 1 - lo).clamp(min=0)]
        ends += [ends[-1]] * (2 * count + 1 - len(ends))
        heads_ends.append(torch.stack(ends))
    return torch.stack(heads_ends).repeat(1, 1, batch).contiguous()
