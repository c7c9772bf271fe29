# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which keys a rank needs, who has them, and where they are placed.

The algebra says which keys the queries of a rank see. They are put one after the
other, for each key head.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ..._patterns import Pattern
from .assignment import Assignment, Chunk

Interval = tuple[int, int]


@dataclass(frozen=True)
class Heads:
    """The query heads of the ranks' tensors, among those of the structure, and the
    key heads, among those of all of these."""

    structure: str
    #: Of the structure: all of them, also those of tensor-parallel neighbours.
    total: int
    total_keys: int
    #: Of the tensors.
    first: int
    count: int
    first_keys: int
    count_keys: int

    @property
    def group(self) -> int:
        return self.total // self.total_keys


class Rows(NamedTuple):
    """Rows [begin, end) of a key head."""

    head: int
    begin: int
    end: int


def count(rows: Iterable[Rows]) -> int:
    return sum(end - begin for _, begin, end in rows)


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same keys as intervals that ascend and do not touch."""
    found: list[Interval] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif begin < end:
            found.append((begin, end))
    return tuple(found)


def owned(keys: Any, chunks: tuple[Chunk, ...]) -> list[Chunk]:
    """What a rank has of keys [begin, end), as parts of its chunks."""
    found = []
    for first, last, row in chunks:
        a, b = max(keys[0], first), min(keys[1], last)
        if a < b:
            found.append(Chunk(a, b, row + a - first))
    return found


class Piece(NamedTuple):
    """Keys [begin, end) of the sequence: the rows from `row` on."""

    begin: int
    end: int
    row: int


@dataclass(frozen=True)
class Layout:
    """The keys that a rank computes with: `pieces[key head]`."""

    pieces: tuple[tuple[Piece, ...], ...]

    def rows(self, first: int, number: int) -> int:
        """How many rows so many key heads have: a row at least, as kernels need not
        know of attention without keys."""
        last = (x[-1] for x in self.pieces[first : first + number] if x)
        return max((x.row + x.end - x.begin for x in last), default=1)


def interval_pieces(intervals: Iterable[Interval]) -> tuple[Piece, ...]:
    """Keys one after the other."""
    pieces, row = [], 0
    for begin, end in intervals:
        pieces.append(Piece(begin, end, row))
        row += end - begin
    return tuple(pieces)


@lru_cache(maxsize=64)
def layouts(heads: Heads, assignment: Assignment) -> tuple[Layout, ...]:
    """Of each rank: for each key head, the keys that its queries see."""
    length = assignment.length
    pattern = Pattern(heads.structure, heads.total, length, length)

    def needed(chunks: tuple[Chunk, ...], key_head: int) -> tuple[Piece, ...]:
        first = (heads.first_keys + key_head) * heads.group
        return interval_pieces(
            merged(
                keys
                for head in range(first, first + heads.group)
                for begin, end, _ in chunks
                for keys in pattern.keys_of(head, begin, end - begin)
            )
        )

    found = []
    for chunks in assignment.chunks:
        own = tuple(needed(chunks, head) for head in range(heads.count_keys))
        found.append(Layout(own))
    return tuple(found)


def keys_sent(
    placed: tuple[Layout, ...], assignment: Assignment
) -> tuple[tuple[int, ...], ...]:
    """How many keys of all heads rank `i` sends to rank `j`."""
    return tuple(
        tuple(
            0
            if to == of
            else sum(
                part.end - part.begin
                for pieces in layout.pieces
                for piece in pieces
                for part in owned(piece, assignment.chunks[of])
            )
            for to, layout in enumerate(placed)
        )
        for of in range(assignment.ranks)
    )


@lru_cache(maxsize=64)
def pairs_of_heads(structure: str, heads: int, length: int) -> tuple[int, ...]:
    """How many pairs each head has."""
    pattern = Pattern(structure, heads, length, length)
    return tuple(pattern.pairs(head) for head in range(heads))


def heads_of_ranks(
    structure: str, heads: int, key_heads: int, ranks: int, length: int
) -> tuple[tuple[int, ...], ...]:
    """The key heads of each rank, as many of each, so that they have about as many
    pairs. In their order, if all have the same."""
    pairs, group = pairs_of_heads(structure, heads, length), heads // key_heads
    costs = [sum(pairs[i * group : (i + 1) * group]) for i in range(key_heads)]
    size = key_heads // ranks
    if len(set(costs)) <= 1:
        return tuple(tuple(range(i * size, (i + 1) * size)) for i in range(ranks))
    own: list[list[int]] = [[] for _ in range(ranks)]
    # The largest first, each to the rank that has the least so far.
    for head in sorted(range(key_heads), key=lambda head: -costs[head]):
        least = min(
            (i for i in range(ranks) if len(own[i]) < size),
            key=lambda i: sum(costs[x] for x in own[i]),
        )
        own[least].append(head)
    return tuple(tuple(sorted(x)) for x in own)
