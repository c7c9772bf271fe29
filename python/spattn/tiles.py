# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists of tiles: which key tiles each tile of queries sees, known at run time only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .bounds import N, index_of
from .errors import ArgumentError
from .structure import Structure, as_structure
from .structures import queries


@dataclass(frozen=True, eq=False)
class TileLists:
    """Which key tiles each tile of queries sees, besides what a structure allows.

    `counts`, (batch, heads, query tiles), says how many tiles a list has, and
    `indices`, (batch, heads, query tiles, room), which: ascending, the first
    `counts` of a row; the others are not read. Both are int32 arrays of the library
    and on the device of the queries. A batch of 1 is shared by all batch entries, and
    a list by `query heads / heads` query heads each. Tile `(a, b)` is of `tile[0]`
    queries from `a * tile[0]` on and of `tile[1]` keys from `b * tile[1]` on. Of a
    listed tile, pairs are allowed that `mask` allows. On a GPU, tiles are multiples of
    64 queries and keys; elsewhere of 16.
    """

    counts: Any
    indices: Any
    tile: tuple[int, int] = (64, 64)
    mask: Structure | str = "#spattn.full"
    #: The text of the attribute of the operation.
    attribute: str = ""

    def __post_init__(self) -> None:
        mask = as_structure(self.mask)
        rows, columns = (index_of(size, "a tile's size") for size in self.tile)
        for size in (rows, columns):
            if size < 16 or size > 4096 or size % 16:
                raise ArgumentError(
                    "expected tiles of a multiple of 16 queries and keys up to 4096, "
                    f"got {rows} and {columns}"
                )
        text = f"#spattn.tile_lists<{rows} x {columns}, {mask.text}>"
        for name, value in (
            ("tile", (rows, columns)),
            ("mask", mask),
            ("attribute", text),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def from_tiles(
        cls,
        tiles: Any,
        *,
        tile: tuple[int, int] = (64, 64),
        mask: Structure | str = "#spattn.full",
        room: int | None = None,
    ) -> TileLists:
        """Lists the tiles that an array of truth values, (batch, heads, query tiles,
        key tiles), has. Lists have room for all key tiles, or for `room`, which has to
        be enough. Tensors of PyTorch stay on their device, without synchronizing."""
        order: Any
        counts: Any
        indices: Any
        if hasattr(tiles, "detach"):
            import torch

            tiles = tiles.detach().bool()
            order = torch.argsort(~tiles, dim=-1, stable=True)
            counts = tiles.sum(-1, dtype=torch.int32)
            indices = order[..., :room].to(torch.int32).contiguous()
        else:
            import numpy

            tiles = numpy.asarray(tiles, bool)
            order = numpy.argsort(~tiles, axis=-1, kind="stable")
            counts = tiles.sum(-1, dtype=numpy.int32)
            if room is not None and (counts > room).any():
                raise ArgumentError(
                    f"tiles: expected at most {room} in a row, got {counts.max()}"
                )
            indices = numpy.ascontiguousarray(order[..., :room].astype(numpy.int32))
        if len(tiles.shape) != 4:
            raise ArgumentError(
                "tiles: expected 4 dimensions (batch, heads, query tiles, key tiles), "
                f"got the shape {tuple(tiles.shape)}"
            )
        return cls(counts, indices, tile, mask)

    def to(self, device: Any) -> TileLists:
        """The same as tensors of PyTorch on a device."""
        import torch

        counts, indices = (
            torch.as_tensor(x, dtype=torch.int32, device=device).contiguous()
            for x in (self.counts, self.indices)
        )
        return replace(self, counts=counts, indices=indices)


def bigbird(
    length: int, heads: int, *, block: int = 64, random: int = 3, seed: int = 0
) -> tuple[Structure, TileLists]:
    """BigBird's attention (arXiv 2007.14062) in blocks: a structure and lists.

    The first and the last block see all keys and are seen by all queries; the other
    blocks see their neighbours and `random` blocks that are drawn for each head, by the
    plan of the reference implementation with NumPy's generator started at `seed`. Where
    that leaves fewer to draw from, they see those.
    `length` is a multiple of `block`. The lists are NumPy arrays; see `TileLists.to`.
    """
    import numpy

    if length % block or length < 4 * block:
        raise ArgumentError(
            f"bigbird: expected a length that is a multiple of {block} and of 4 blocks "
            f"or more, got {length}"
        )
    blocks = length // block
    tiles = numpy.zeros((1, heads, blocks, blocks), bool)
    row = numpy.arange(1, blocks - 1)
    for apart in (-1, 0, 1):
        tiles[:, :, row, row + apart] = True
    draws = numpy.random.RandomState(seed)
    for head, i, drawn in _random_blocks(blocks, heads, random, draws):
        tiles[0, head, i, drawn] = True
    tiles[:, :, row, 0] = tiles[:, :, row, -1] = True
    # A list has the block, its neighbours, the ends, and the random ones. Rows that
    # see everything need none.
    lists = TileLists.from_tiles(
        tiles, tile=(block, block), room=min(blocks, random + 5)
    )
    return queries(0, block) | queries(N - block, N), lists


def _random_blocks(blocks: int, heads: int, random: int, draws: Any) -> Any:
    """(head, block of queries, blocks of keys), in the order in which the reference
    draws them."""
    if 2 * random + 5 < blocks:
        ends, counts = [2 * random + 5, blocks], [random, 0]
    elif random + 5 < blocks:
        half = random // 2
        ends, counts = [random + 5, blocks], [half, random - half]
    else:
        ends, counts = [blocks], [random]
    # Blocks of queries in [first, last) draw some of [start, end).
    sections = []
    for k, (end, count) in enumerate(zip(ends, counts, strict=True)):
        start = ends[k - 1] if k else 0
        if k and count:
            sections.append((1, start, start, end, count))
        for other in range(k):
            if counts[other]:
                before = ends[other - 1] if other else 0
                sections.append((start, end, before, ends[other], counts[other]))
        if count:
            sections.append((start or 1, end, start, end, count))
    for first, last, start, end, count in sections:
        for i in range(first, last):
            for head in range(heads):
                left_out = {i - 1, i, i + 1, 0, end - 1}
                if i == 1:
                    left_out.add(end - 2)
                if i == end - 2:
                    left_out.add(1)
                order = draws.permutation(range(start, end))
                drawn = [int(x) for x in order if x not in left_out][:count]
                if i < blocks - 1:
                    yield head, i, drawn
