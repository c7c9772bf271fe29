# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cost of an attention: tiles, pairs, operations, bytes, lower bound on time."""

from __future__ import annotations

from dataclasses import dataclass

from ._patterns import Pattern
from .errors import ArgumentError
from .structure import Structure


@dataclass(frozen=True)
class Rates:
    """A card's bandwidth of copies and throughput of large bf16 matrix products."""

    bytes_per_s: float
    flops_per_s: float


#: Measured as described in docs/Benchmarks.md.
CARDS = {"H200": Rates(4.25e12, 790e12)}


@dataclass(frozen=True)
class Stats:
    """Counts over all heads and batch elements."""

    structure: Structure
    batch: int
    heads: int
    queries: int
    keys: int
    #: Queries and keys per tile.
    tile: tuple[int, int]
    #: Tiles of the dense grid are skipped or visited; visited tiles are full (need no
    #: mask) or masked.
    tiles: int
    visited: int
    full: int
    masked: int
    skipped: int
    #: Allowed (query, key) pairs, and their share of all pairs.
    pairs: int
    density: float
    #: The minimum operations and bytes of any implementation.
    flops: int
    flops_backward: int
    bytes: int
    bytes_backward: int
    #: A lower bound on the time on `card`, in milliseconds.
    card: str
    floor_ms: float
    floor_ms_backward: float

    def __str__(self) -> str:
        number = "{:,}".format
        rows = [
            ("tiles", f"{number(self.visited)} of {number(self.tiles)} visited, "
             f"{number(self.full)} full, {number(self.masked)} masked"),
            ("pairs", f"{number(self.pairs)}, {100 * self.density:.2f}% of all"),
            ("operations", f"{self.flops / 1e9:,.1f} GFLOP, "
             f"gradients {self.flops_backward / 1e9:,.1f}"),
            ("bytes", f"{self.bytes / 1e6:,.1f} MB, "
             f"gradients {self.bytes_backward / 1e6:,.1f}"),
            ("floor", f"{self.floor_ms:.3f} ms on {self.card}, "
             f"gradients {self.floor_ms_backward:.3f}"),
        ]  # fmt: skip
        title = (
            f"{self.structure}\n{self.batch} x {self.heads} heads, {self.queries:,} "
            f"queries, {self.keys:,} keys, tiles of {self.tile[0]} x {self.tile[1]}"
        )
        return "\n".join([title, *(f"  {name:<11}{value}" for name, value in rows)])


def heads_of(structure: Structure, heads: int | None) -> int:
    """The given number of heads, or that of a mixture, or 16."""
    if heads is None:
        return structure.heads or 16
    if structure.heads not in (None, heads):
        raise ArgumentError(
            f"the structure is a mixture for {structure.heads} heads, got heads={heads}"
        )
    return heads


def stats(
    structure: Structure,
    queries: int,
    keys: int | None = None,
    *,
    heads: int | None = None,
    kv_heads: int | None = None,
    head_dim: int = 128,
    value_dim: int | None = None,
    batch: int = 1,
    element_bytes: int = 2,
    tile: tuple[int, int] = (128, 128),
    alignment: str = "end",
    card: str | Rates = "H200",
) -> Stats:
    """Computes the cost of a structure at given lengths.

    `heads` defaults to the number of heads of a mixture, or to 16, and `keys` to
    `queries`. `card` is one of CARDS, or a card's `Rates`.
    """
    if isinstance(card, str) and card not in CARDS:
        raise ArgumentError(
            f"expected a card of {', '.join(CARDS)}, or stats.Rates, got {card!r}"
        )
    rates = CARDS[card] if isinstance(card, str) else card
    keys = queries if keys is None else keys
    heads = heads_of(structure, heads)
    pattern = Pattern(structure.text, heads, queries, keys, alignment)
    counts = pattern.tiles(tile)
    work = pattern.work(
        headDim=head_dim,
        valueDim=value_dim or head_dim,
        elementBytes=element_bytes,
        keyHeads=kv_heads or heads,
    )

    def floor(flops: int, moved: int) -> float:
        slowest = max(flops / rates.flops_per_s, moved / rates.bytes_per_s)
        return 1e3 * batch * slowest

    return Stats(
        structure=structure,
        batch=batch,
        heads=heads,
        queries=queries,
        keys=keys,
        tile=tile,
        tiles=batch * (counts.visited + counts.skipped),
        visited=batch * counts.visited,
        full=batch * counts.full,
        masked=batch * counts.masked,
        skipped=batch * counts.skipped,
        pairs=batch * work.pairs,
        density=work.pairs / max(1, heads * queries * keys),
        flops=batch * work.flopsForward,
        flops_backward=batch * work.flopsBackward,
        bytes=batch * work.bytesForward,
        bytes_backward=batch * work.bytesBackward,
        card=card if isinstance(card, str) else "the card",
        floor_ms=floor(work.flopsForward, work.bytesForward),
        floor_ms_backward=floor(work.flopsBackward, work.bytesBackward),
    )
