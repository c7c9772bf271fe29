# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions on pairs, and block masks, evaluated and compared with what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from .._patterns import Pattern
from ..errors import UnsupportedError

#: Pairs that are evaluated to compare a structure with a function at some lengths.
_PAIRS = 1 << 21
#: Fewer rows of a head than that are not compared, whatever they cost.
_ROWS = 4
#: Constants up to here are looked around.
_MOST = 1 << 20


class Evaluated:
    """A function on pairs, within the blocks of a BlockMask if there is one."""

    def __init__(self, mask_mod: Callable[..., Any], device: Any, blocks: Any = None):
        self.mask_mod, self.device = mask_mod, device
        self.lengths: tuple[int, int] | None = None
        if blocks is not None:
            self.lengths = tuple(blocks.seq_lengths)
            self.size = blocks.BLOCK_SIZE
            columns = -(-self.lengths[1] // self.size[1])
            partial = blocks.kv_num_blocks, blocks.kv_indices
            self.partial = _dense(*partial, columns)
            full = blocks.full_kv_num_blocks, blocks.full_kv_indices
            self.full = None if full[0] is None else _dense(*full, columns)

    def pairs(
        self,
        head: int,
        queries: Tensor,
        keys: Tensor,
        lengths: tuple[int, int],
        batch: int = 0,
    ) -> Tensor:
        """What a head allows, (queries, keys)."""
        b, h = (torch.tensor(x, device=self.device) for x in (batch, head))
        try:
            found = self.mask_mod(b, h, queries[:, None], keys[None, :])
        except RuntimeError as error:
            raise UnsupportedError(f"mask_mod: it cannot be run: {error}") from None
        found = torch.as_tensor(found, device=self.device)
        found = found.bool().expand(len(queries), len(keys))
        if self.lengths != lengths:
            return found
        place = torch.div(queries, self.size[0], rounding_mode="floor")[:, None]
        place = place, torch.div(keys, self.size[1], rounding_mode="floor")[None, :]
        found = found & _of_head(self.partial, batch, head)[place]
        return (
            found
            if self.full is None
            else found | _of_head(self.full, batch, head)[place]
        )

    def depends_on(self, what: str) -> bool:
        """Whether batch entries, or heads, differ, as far as a few of them show."""
        if self.lengths is not None:
            side = ("batch", "head").index(what)
            listed = [x for x in (self.partial, self.full) if x is not None]
            if any(bool((x != x.narrow(side, 0, 1)).any()) for x in listed):
                return True
        places = [torch.arange(n, device=self.device) for n in (24, 24)]
        try:
            first, *others = (
                self.pairs(number, *places, (0, 0))
                if what == "head"
                else self.pairs(0, *places, (0, 0), number)
                for number in (0, 1, 2, 5)
            )
        except IndexError:
            return True
        return any(not torch.equal(first, other) for other in others)

    def all_pairs(self, heads: int, lengths: tuple[int, int]) -> Tensor:
        """What heads allow, as bytes: (heads, queries, keys) on the CPU."""
        queries, keys = (torch.arange(n, device=self.device) for n in lengths)
        step = max(1, 4 * _PAIRS // max(lengths[1], 1))
        return torch.stack(
            [
                torch.cat(
                    [
                        self.pairs(h, part, keys, lengths).cpu()
                        for part in queries.split(step)
                    ]
                )
                for h in range(heads)
            ]
        ).to(torch.uint8)


def differs(
    evaluated: Evaluated,
    text: str,
    heads: int,
    lengths: tuple[int, int],
    numbers: Iterable[int] = (),
    documents: tuple[Tensor, Tensor] | None = None,
) -> tuple[int, int, int] | None:
    """A head, a query and a key that a structure and a function do not agree on. All
    pairs are compared where there are few, else all keys of some queries."""
    queries, keys = lengths
    device = evaluated.device
    own = _Rows(text, heads, lengths, documents)
    count = max(_ROWS, _PAIRS // max(heads * keys, 1))
    near = list(numbers)
    if evaluated.lengths == lengths:
        # Each row of blocks.
        near += range(1, queries, evaluated.size[0])
        count = max(count, 3 * len(near))
    if documents:
        near += documents[0].tolist()[:: max(1, len(documents[0]) // 16)]
    rows = _some(queries, near, count, device)
    columns = torch.arange(keys, device=device)
    for head in range(heads):
        step = max(1, 4 * _PAIRS // max(keys, 1))
        for part in rows.split(step):
            expected = evaluated.pairs(head, part, columns, lengths).cpu()
            found = torch.stack([own.row(head, i) for i in part.tolist()])
            wrong = (expected != found).nonzero()
            if len(wrong):
                row, key = wrong[0].tolist()
                return head, int(part[row]), key
    return None


class _Rows:
    """The keys that queries see by a structure, maybe in documents."""

    def __init__(
        self,
        text: str,
        heads: int,
        lengths: tuple[int, int],
        documents: tuple[Tensor, Tensor] | None,
    ):
        self.text, self.heads, self.lengths = text, heads, lengths
        self.ends = [x.tolist() for x in documents] if documents else None
        self.patterns: dict[tuple[int, int], Pattern] = {}

    def row(self, head: int, query: int) -> Tensor:
        first, begin, end = 0, 0, self.lengths[1]
        sizes = self.lengths
        if self.ends:
            queries, keys = self.ends
            own = next(i for i, hi in enumerate(queries[1:]) if query < hi)
            first, begin, end = queries[own], keys[own], keys[own + 1]
            sizes = queries[own + 1] - first, end - begin
        if sizes not in self.patterns:
            self.patterns[sizes] = Pattern(self.text, self.heads, *sizes, "start")
        row = torch.zeros(self.lengths[1], dtype=torch.bool)
        if end > begin:
            seen = self.patterns[sizes].row(head, query - first)
            row[begin:end] = torch.frombuffer(bytearray(seen), dtype=torch.bool)
        return row


def sampled_lengths(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Lengths at which a structure of all lengths is compared with its function."""
    most = max((n for n in numbers if n <= _MOST), default=0)
    lengths = [(41, 41), (24, 57), (57, 24)]
    if most > 20:
        lengths += [(2 * most + 17,) * 2, (most + 9, 2 * most + 31), (most + 25, 30)]
    return lengths


def _some(length: int, near: Iterable[int], count: int, device: Any) -> Tensor:
    """Places of a sequence: all, or those near some, and others."""
    if length <= count:
        return torch.arange(length, device=device)
    chosen = {0, 1, length - 1, length // 2}
    for number in near:
        for place in (number, length - number):
            chosen.update(range(place - 1, place + 2))
    kept = [x for x in sorted(chosen) if 0 <= x < length]
    kept = kept[:: max(1, -(-len(kept) // count))]
    generator = torch.Generator().manual_seed(length)
    more = torch.randint(length, (count,), generator=generator)
    return torch.cat([torch.tensor(kept), more]).unique().to(device)


def _dense(counts: Tensor, indices: Tensor, columns: int) -> Tensor:
    """The blocks that lists of a BlockMask have: (batch, heads, rows, columns)."""
    places = torch.arange(indices.shape[-1], device=indices.device)
    listed = places < counts[..., None]
    places = torch.where(listed, indices, columns).long()
    dense = torch.zeros(
        (*indices.shape[:-1], columns + 1), dtype=torch.bool, device=indices.device
    )
    return dense.scatter_(-1, places, True)[..., :columns]


def _of_head(dense: Tensor, batch: int, head: int) -> Tensor:
    """The blocks of a head: lists are of each, or of all."""
    return dense[batch % dense.shape[0], head % dense.shape[1]]
