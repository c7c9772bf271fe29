# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ranks send to each other, and what is computed there.

The keys that a rank needs, one after the other, are the rows of an attention whose
structure is a slice of that of the whole sequence. Everything here is host arithmetic
on integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple

from ..._patterns import Pattern, Slice, slice_structure
from ...errors import StructureError, UnsupportedError
from ._layout import (
    Heads,
    Interval,
    Layout,
    Piece,
    Rows,
    count,
    layouts,
    merged,
    owned,
)
from .assignment import Assignment, Chunk


class Part(NamedTuple):
    """Some rows and heads of a rank's queries. Heads count from the first of the
    tensors."""

    row: int
    rows: int
    head: int
    heads: int


class Call(NamedTuple):
    """An attention of a part of a rank's queries, to keys of a stage. Key heads count
    from the first of the stage."""

    row: int
    rows: int
    head: int
    heads: int
    key_head: int
    key_heads: int
    key_row: int
    key_rows: int
    structure: str
    alignment: str = "start"
    #: Starts and ends of queries and keys of documents, or nothing.
    sequences: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Stage:
    """Some key heads: what a rank sends and receives of them, and then computes. Key
    heads count from the first of the tensors in `sent`, `kept`, and from the first of
    the stage in `received`, `placed`."""

    key_head: int
    key_heads: int
    #: Rows of keys for each key head, and whether some are of no key.
    rows: int
    has_gaps: bool
    #: For each rank: rows of the rank's own keys, and rows of the stage's.
    sent: tuple[tuple[Rows, ...], ...]
    received: tuple[tuple[Rows, ...], ...]
    #: Own keys that are computed with here, and where they are placed.
    kept: tuple[Rows, ...]
    placed: tuple[Rows, ...]
    calls: tuple[Call, ...]
    #: Queries that see no keys.
    empty: tuple[Part, ...]
    #: Whether any rank sends anything.
    travels: bool


def stages_of(key_heads: int, stages: int) -> list[tuple[int, int]]:
    """(first, count) of the key heads of each stage."""
    stages = max(1, min(stages, key_heads))
    ends = [key_heads * i // stages for i in range(stages + 1)]
    return [(a, b - a) for a, b in zip(ends, ends[1:], strict=False)]


#: The calls of a stage, which has (first, count) of the key heads, and the queries
#: that see no keys.
CallsOf = Callable[[int, int], tuple[list[Call], list[Part]]]


def make_stages(
    assignment: Assignment,
    rank: int,
    stages: list[tuple[int, int]],
    placed: tuple[Layout, ...],
    calls: CallsOf,
) -> tuple[Stage, ...]:
    """What a rank does, if the ranks place keys in that way."""
    return tuple(
        _stage(assignment, rank, placed, first, number, *calls(first, number))
        for first, number in stages
    )


def _stage(
    assignment: Assignment,
    rank: int,
    layouts: tuple[Layout, ...],
    first: int,
    number: int,
    calls: list[Call],
    empty: list[Part],
) -> Stage:
    chunks, heads = assignment.chunks, range(first, first + number)
    sent = tuple(
        tuple(
            Rows(head, part.row, part.row + part.end - part.begin)
            for head in heads if other != rank
            for piece in layout.pieces[head]
            for part in owned(piece, chunks[rank])
        )
        for other, layout in enumerate(layouts)
    )  # fmt: skip
    received: list[list[Rows]] = [[] for _ in chunks]
    kept, placed = [], []
    for head in heads:
        for piece in layouts[rank].pieces[head]:
            for other, theirs in enumerate(chunks):
                for part in owned(piece, theirs):
                    row = piece.row + part.begin - piece.begin
                    size = part.end - part.begin
                    there = Rows(head - first, row, row + size)
                    if other != rank:
                        received[other].append(there)
                        continue
                    kept.append(Rows(head, part.row, part.row + size))
                    placed.append(there)
    rows = layouts[rank].rows(first, number)
    filled = count(placed) + sum(map(count, received))
    travels = any(
        of != to and owned(piece, chunks[of])
        for to, layout in enumerate(layouts)
        for head in heads
        for piece in layout.pieces[head]
        for of in range(assignment.ranks)
    )
    return Stage(
        first,
        number,
        rows,
        filled != rows * number,
        sent,
        tuple(map(tuple, received)),
        tuple(kept),
        tuple(placed),
        tuple(calls),
        tuple(empty),
        travels,
    )


def routes(
    heads: Heads, assignment: Assignment, rank: int, stages: int
) -> tuple[Stage, ...]:
    """What a rank does for attention to the whole sequence."""
    placed = layouts(heads, assignment)
    layout, chunks = placed[rank], _joined(assignment.chunks[rank])
    pattern = Pattern(
        heads.structure, heads.total, assignment.length, assignment.length
    )

    def seen(chunk: Chunk, head: int, number: int) -> tuple[Interval, ...]:
        """Keys that queries of a chunk see, in some heads."""
        own = range(heads.first + head, heads.first + head + number)
        size = chunk.end - chunk.begin
        return merged(x for i in own for x in pattern.keys_of(i, chunk.begin, size))

    def calls(first: int, number: int) -> tuple[list[Call], list[Part]]:
        found: list[Call] = []
        empty: list[Part] = []
        for chunk in chunks:
            rows = chunk.row, chunk.end - chunk.begin
            of_chunk = partial(seen, chunk)

            def call(
                head: int, count: int, begin=chunk.begin, rows=rows, seen=of_chunk
            ) -> Call:
                # The rows of keys that are seen, to the last one. A few more at the
                # start, so that tiles and all rows of a stage are as they would be.
                pieces = _seen_pieces(heads, layout, head, count, seen)
                key_row = min(x.row for _, x in pieces) // _ALIGNED * _ALIGNED
                key_rows = max(x.row + x.end - x.begin for _, x in pieces) - key_row
                sizes = assignment.length, heads.total, heads.total_keys
                shifted = tuple(
                    (heads.first_keys + of, x.begin, x.end, x.row - key_row)
                    for of, x in pieces
                )
                queries = heads.first + head, count, begin, rows[1]
                part = Slice(*sizes, *queries, key_rows, shifted)
                return call_of(
                    heads,
                    (*rows, key_row, key_rows),
                    (head, count, first),
                    slice_structure(heads.structure, part),
                )

            def sees(key_head: int, seen=of_chunk) -> bool:
                return bool(seen(key_head * heads.group, heads.group))

            for any_seen, run in groupby(range(first, first + number), sees):
                own = [key_head * heads.group for key_head in run]
                of_heads = own[0], len(own) * heads.group
                if any_seen:
                    found += calls_of_heads(heads, assignment, *of_heads, call)
                else:
                    empty.append(Part(*rows, *of_heads))
        return found, empty

    parts = stages_of(heads.count_keys, stages)
    return make_stages(assignment, rank, parts, placed, calls)


#: Calls have keys from a multiple of so many rows on.
_ALIGNED = 128


def _joined(chunks: tuple[Chunk, ...]) -> list[Chunk]:
    """The same tokens, chunks that follow each other as one."""
    found: list[Chunk] = []
    for chunk in chunks:
        if found:
            begin, end, row = found[-1]
            if (end, row + end - begin) == (chunk.begin, chunk.row):
                found[-1] = Chunk(begin, chunk.end, row)
                continue
        found.append(chunk)
    return found


def _seen_pieces(
    heads: Heads,
    layout: Layout,
    head: int,
    number: int,
    seen: Callable[[int, int], tuple[Interval, ...]],
) -> list[tuple[int, Piece]]:
    """(key head, piece) of the keys of a layout that `number` query heads see."""
    found = []
    for key_head in range(head // heads.group, -(-(head + number) // heads.group)):
        first = max(head, key_head * heads.group)
        last = min(head + number, (key_head + 1) * heads.group)
        keys = seen(first, last - first)
        for begin, end, row in layout.pieces[key_head]:
            for a, b in keys:
                a, b = max(a, begin), min(b, end)
                if a < b:
                    found.append((key_head, Piece(a, b, row + a - begin)))
    return found


def call_of(
    heads: Heads,
    rows: tuple[int, int, int, int],
    of_heads: tuple[int, int, int],
    structure: str,
    alignment: str = "start",
    sequences: tuple = (),
) -> Call:
    """A call of (row, rows, key row, key rows) and (head, heads, first key head of the
    stage)."""
    row, size, key_row, key_rows = rows
    head, number, first = of_heads
    key_head = head // heads.group
    key_heads = -(-(head + number) // heads.group) - key_head
    place = row, size, head, number, key_head - first, key_heads, key_row, key_rows
    return Call(*place, structure, alignment, sequences)


def calls_of_heads(
    heads: Heads,
    assignment: Assignment,
    first: int,
    number: int,
    make: Callable[[int, int], Call],
) -> list[Call]:
    """The calls of `number` query heads, whole groups: one, or several of fewer heads,
    if no kernel can have the structures of all."""
    group = heads.group

    def split(begin: int, end: int) -> list[Call]:
        try:
            return [make(begin, end - begin)]
        except StructureError as error:
            if end - begin == 1:
                raise UnsupportedError(
                    f"head {heads.first + begin} of {heads.structure} sees keys of too "
                    f"many places, with the assignment {assignment}: {error}"
                ) from None
        middle = (begin + end) // 2
        if end - begin > group:
            middle = max(middle - middle % group, begin + group)
        return split(begin, middle) + split(middle, end)

    return split(first, first + number)
