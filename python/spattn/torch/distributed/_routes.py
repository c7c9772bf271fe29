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
from typing import NamedTuple

from ..._patterns import Slice, slice_structure
from ...errors import StructureError, UnsupportedError
from ._layout import Heads, Layout, Rows, count, layouts, owned
from .assignment import Assignment


class Call(NamedTuple):
    """An attention of some rows and heads of a rank's queries, to keys of a stage.
    Heads count from the first of the tensors, key heads from the first of the stage."""

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
    #: Whether any rank sends anything.
    travels: bool


def stages_of(key_heads: int, stages: int) -> list[tuple[int, int]]:
    """(first, count) of the key heads of each stage."""
    stages = max(1, min(stages, key_heads))
    ends = [key_heads * i // stages for i in range(stages + 1)]
    return [(a, b - a) for a, b in zip(ends, ends[1:], strict=False)]


#: The calls of a stage, which has (first, count) of the key heads.
CallsOf = Callable[[int, int], list[Call]]


def make_stages(
    assignment: Assignment,
    rank: int,
    stages: list[tuple[int, int]],
    placed: tuple[Layout, ...],
    calls: CallsOf,
) -> tuple[Stage, ...]:
    """What a rank does, if the ranks place keys in that way."""
    return tuple(
        _stage(assignment, rank, placed, first, number, calls(first, number))
        for first, number in stages
    )


def _stage(
    assignment: Assignment,
    rank: int,
    layouts: tuple[Layout, ...],
    first: int,
    number: int,
    calls: list[Call],
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
        travels,
    )


def routes(
    heads: Heads, assignment: Assignment, rank: int, stages: int
) -> tuple[Stage, ...]:
    """What a rank does for attention to the whole sequence."""
    placed = layouts(heads, assignment)
    layout = placed[rank]

    def calls(first: int, number: int) -> list[Call]:
        pieces = tuple(
            (heads.first_keys + head, *piece)
            for head in range(first, first + number)
            for piece in layout.pieces[head]
        )
        rows = layout.rows(first, number)
        found: list[Call] = []
        for chunk in assignment.chunks[rank]:
            size = chunk.end - chunk.begin

            def call(head: int, count: int, chunk=chunk, size=size) -> Call:
                sizes = assignment.length, heads.total, heads.total_keys
                begin = heads.first + head, count, chunk.begin, size
                part = Slice(*sizes, *begin, rows, pieces)
                return call_of(
                    heads,
                    (chunk.row, size, 0, rows),
                    (head, count, first),
                    slice_structure(heads.structure, part),
                )

            found += calls_of_heads(heads, assignment, first, number, call)
        return found

    parts = stages_of(heads.count_keys, stages)
    return make_stages(assignment, rank, parts, placed, calls)


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
    """The calls of all query heads of a stage: one, or several of fewer heads, if no
    kernel can have the structures of all."""
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

    return split(first * group, (first + number) * group)
