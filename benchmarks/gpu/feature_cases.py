"""The workloads of features.py, by their definition. Needs torch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import spattn
import torch
from workloads import random

# 32 documents in 32,768 tokens.
DOCUMENTS = [4096, 3584, 3072, 2560, 2048, 2048, 1792, 1536, 1536, 1280, 1024, 1024]
DOCUMENTS += [896, 768, 768, 640, 512, 512, 512, 384, 384, 320, 256, 256, 256]
DOCUMENTS += [192, 128, 128, 128, 64, 32, 32]
SMALL_DOCUMENTS = [384, 301, 211, 128]
GLOBAL, WINDOW = 64, 512
# BigBird's blocks, and how many of them are random.
BLOCK, RANDOM = 64, 3


@dataclass(frozen=True)
class Case:
    """A workload. Tensors are (batch, length, heads, dim)."""

    name: str
    heads: int
    key_heads: int
    dim: int
    batch: int
    length: int
    documents: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        heads = f"H{self.heads}" if self.heads == self.key_heads else ""
        heads = heads or f"H{self.heads}/{self.key_heads}"
        return f"{self.name} {heads} D{self.dim} B{self.batch} N{self.length}"

    @cached_property
    def tensors(self) -> list[torch.Tensor]:
        """Queries, keys, values and the output's gradient."""
        torch.manual_seed(1)
        shapes = (self.heads, self.key_heads, self.key_heads, self.heads)
        return [random(self.batch, self.length, h, self.dim) for h in shapes]

    @cached_property
    def sinks(self) -> torch.Tensor | None:
        return random(self.heads) if "sink" in self.name else None

    @cached_property
    def blocks(self) -> tuple[spattn.Structure, spattn.TileLists]:
        """BigBird's structure and lists of blocks."""
        drawn = {"block": BLOCK, "random": RANDOM, "seed": 1}
        structure, tiles = spattn.bigbird(self.length, self.heads, **drawn)
        return structure, tiles.to("cuda")

    @cached_property
    def table(self) -> torch.Tensor:
        """Which blocks of keys a head's blocks of queries see, of BigBird."""
        _, tiles = self.blocks
        count = self.length // BLOCK
        table = torch.zeros(self.heads, count, count + 1, dtype=torch.bool).cuda()
        place = torch.arange(tiles.indices.shape[-1], device="cuda")
        listed = tiles.indices.long().where(place < tiles.counts[..., None], count)
        table.scatter_(2, listed[0], True)
        table[:, (0, -1)] = True
        return table[..., :count].contiguous()

    @cached_property
    def offsets(self) -> torch.Tensor:
        ends = torch.tensor([0, *self.documents]).cumsum(0)
        return ends.to("cuda", torch.int32)

    @cached_property
    def packing(self) -> dict:
        """The arguments that the peers' functions have for documents."""
        most = max(self.documents)
        return {
            "cu_seqlens_q": self.offsets,
            "cu_seqlens_k": self.offsets,
            "max_seqlen_q": most,
            "max_seqlen_k": most,
        }

    @cached_property
    def positions(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of each token: its document, its position there, and the document's
        length."""
        lengths = torch.tensor(self.documents or (self.length,), device="cuda")
        document = torch.repeat_interleave(torch.arange(len(lengths)).cuda(), lengths)
        first = lengths.cumsum(0) - lengths
        position = torch.arange(self.length, device="cuda") - first[document]
        return document.int(), position.int(), lengths[document].int()

    @property
    def band(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The distances [lo, hi) of each head and query, (heads, length)."""
        _, position, length = self.positions
        if "exclusive" in self.name:
            head = torch.arange(self.heads, device="cuda")[:, None]
            base, rest = length // self.heads, length % self.heads
            lo = head * base + torch.minimum(head, rest)
            return lo, lo + base + (head < rest)
        lo = torch.zeros_like(position)[None]
        windows = {"longformer": WINDOW, "window128": 128, "window128+sink": 128}
        return lo, lo + windows.get(self.name, self.length)

    def allows(self) -> Callable:
        """FlexAttention's mask function."""
        if self.name == "bigbird":
            table = self.table
            return lambda b, h, i, j: table[h, i // BLOCK, j // BLOCK]
        document, position, _ = self.positions
        lo, hi = (x.expand(self.heads, -1).contiguous() for x in self.band)
        first = GLOBAL if self.name == "longformer" else 0

        def mask(b, h, i, j):
            d = position[i] - position[j]
            near = (d >= lo[h, i]) & (d < hi[h, i])
            if first:
                near = near | ((d >= 0) & (j < first))
            return near & (document[i] == document[j])

        return mask

    def pairs_and_rows(self) -> tuple[int, int]:
        """Of one batch entry: allowed pairs, and queries that see a key."""
        mask, pairs, rows = self.allows(), 0, 0
        j = torch.arange(self.length, device="cuda")
        for head in range(self.heads):
            h = torch.tensor(head, device="cuda")
            for begin in range(0, self.length, 1024):
                i = torch.arange(begin, min(begin + 1024, self.length), device="cuda")
                counts = mask(0, h, i[:, None], j[None]).sum(1)
                pairs += int(counts.sum())
                rows += int((counts > 0).sum())
        return pairs, rows

    def work(self) -> dict[str, tuple[int, int]]:
        """The minimum operations and bytes, by pass."""
        pairs, rows = self.pairs_and_rows()
        seen = rows * self.key_heads // self.heads
        full, keys = self.heads * self.length, self.key_heads * self.length
        elements = {
            "forward": rows + 2 * seen + full,
            "backward": 3 * rows + 2 * seen + full + 2 * keys,
        }
        per_pair = {"forward": 4, "backward": 10}
        return {
            name: (
                per_pair[name] * self.dim * pairs * self.batch,
                2 * self.batch * self.dim * count,
            )
            for name, count in elements.items()
        }


CASES = [
    Case("window128", 64, 8, 64, 2, 16384),
    Case("window128+sink", 64, 8, 64, 2, 16384),
    Case("packed", 16, 16, 128, 1, 32768, tuple(DOCUMENTS)),
    Case("packed_exclusive", 16, 16, 128, 1, 32768, tuple(DOCUMENTS)),
    Case("longformer", 16, 16, 128, 2, 16384),
    Case("bigbird", 16, 16, 128, 2, 16384),
    Case("causal", 16, 16, 256, 2, 16384),
]
