# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Routes of packed documents, whose lengths are not constants of kernels.

The queries of a chunk belong to documents of which the first one may have begun on
another rank. Its keys from the first that is seen on, and then those of the chunk, are
one run of keys, in which each document is a sequence whose last query is at its last
key. So structures have to be causal, and bands the same in all documents.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from ..._patterns import Pattern, Slice, fix_length, slice_structure
from ...errors import ArgumentError, UnsupportedError
from ...structure import Structure
from ...structures import causal
from ._layout import Heads, Layout, Piece, merged
from ._routes import Call, Part, Stage, call_of, calls_of_heads, make_stages, stages_of
from .assignment import Assignment, Chunk


class _Structure(NamedTuple):
    """A structure as all documents have it."""

    text: str
    pattern: Pattern
    #: Whether what a query sees depends on nothing but distances.
    moves: bool


@lru_cache(maxsize=64)
def _structure(heads: Heads, length: int, bound_length: str) -> _Structure:
    text, total = heads.structure, heads.total
    if bound_length == "pack":
        text = fix_length(text, total, length)
    # Bounds are affine, so that those that depend on a length differ here.
    elif len({fix_length(text, total, n) for n in (0, 1000003, 2**30 - 1)}) > 1:
        raise UnsupportedError(
            f"{text} depends on the length of each document, and documents may end on "
            "other ranks than they begin; pass bound_length='pack', for bands of the "
            "length of the whole sequence, or a structure of constant bounds"
        )
    pattern = Pattern(text, total, length, length)
    if pattern.pairs() != _causal_pairs(text, total, length):
        raise UnsupportedError(
            f"{text} sees keys ahead of queries; documents of a sequence that is "
            "spread over ranks need causal structures"
        )
    whole = [(head, 0, length, 0) for head in range(heads.total_keys)]
    moved = [(head, a + length, b + length, row) for head, a, b, row in whole]
    parts = (
        _slice(heads, text, 2 * length, 0, total, first, length, tuple(pieces))
        for first, pieces in ((0, whole), (length, moved))
    )
    return _Structure(text, pattern, len(set(parts)) == 1)


def _causal_pairs(text: str, heads: int, length: int) -> int:
    both = Structure.parse(text) & causal()
    return Pattern(both.text, heads, length, length).pairs()


def _slice(
    heads: Heads,
    text: str,
    length: int,
    head: int,
    count: int,
    first: int,
    rows: int,
    pieces: tuple,
) -> str:
    sizes = length, heads.total, heads.total_keys, head, count, first, rows, rows
    return slice_structure(text, Slice(*sizes, pieces))


class _Run(NamedTuple):
    """The keys of a chunk: those from `begin` on, and each document's queries and keys
    as starts and ends."""

    begin: int
    sequences: tuple[tuple[int, ...], ...]
    #: For each key head, the keys ahead of the chunk that are seen.
    seen: tuple[tuple[tuple[int, int], ...], ...]


def _run(
    heads: Heads, structure: _Structure, chunk: Chunk, cu_seqlens: tuple[int, ...]
) -> _Run:
    begin, end, _ = chunk
    first, seen = begin, [()] * heads.count_keys
    bounds: list[tuple[int, int, int]] = []
    for start, stop in pairwise(cu_seqlens):
        a, b = max(start, begin), min(stop, end)
        if a >= b:
            continue
        if start < begin:
            of_heads = [
                [
                    (start + x, min(start + y, begin))
                    for x, y in structure.pattern.keys_of(head, a - start, b - a)
                    if start + x < begin
                ]
                for head in range(heads.first, heads.first + heads.count)
            ]
            group = heads.group
            seen = [
                merged(x for own in of_heads[g * group : (g + 1) * group] for x in own)
                for g in range(heads.count_keys)
            ]
            needed = [keys[0][0] for keys in seen if keys]
            first = min([*needed, begin]) if structure.moves else start
            start = first
        bounds.append((a, b, start))
    columns = (
        tuple(a - begin for a, _, _ in bounds),
        tuple(b - begin for _, b, _ in bounds),
        tuple(start - first for _, _, start in bounds),
        tuple(b - first for _, b, _ in bounds),
    )
    return _Run(first, columns, tuple(seen))


def document_routes(
    heads: Heads,
    assignment: Assignment,
    rank: int,
    stages: int,
    cu_seqlens: tuple[int, ...],
    bound_length: str,
) -> tuple[Stage, ...]:
    """What a rank does for documents of the whole sequence."""
    length = assignment.length
    ends = list(cu_seqlens)
    if ends != sorted(ends) or not ends or (ends[0], ends[-1]) != (0, length):
        raise ArgumentError(
            f"cu_seqlens: expected lengths that ascend from 0 to {length}, got {ends}"
        )
    structure = _structure(heads, length, bound_length)
    runs = [
        [_run(heads, structure, chunk, cu_seqlens) for chunk in chunks]
        for chunks in assignment.chunks
    ]
    placed, rows_of_runs = [], []
    for chunks, own in zip(assignment.chunks, runs, strict=True):
        row = 0
        pieces: list[list[Piece]] = [[] for _ in range(heads.count_keys)]
        places = []
        for chunk, run in zip(chunks, own, strict=True):
            places.append(row)
            for head, seen in zip(pieces, run.seen, strict=True):
                for begin, end in (*seen, chunk[:2]):
                    head.append(Piece(begin, end, row + begin - run.begin))
            row += chunk.end - run.begin
        placed.append(Layout(tuple(map(tuple, pieces))))
        rows_of_runs.append(places)

    def calls(first: int, number: int) -> tuple[list[Call], list[Part]]:
        found: list[Call] = []
        own = zip(assignment.chunks[rank], runs[rank], rows_of_runs[rank], strict=True)
        for chunk, run, row in own:
            size = chunk.end - chunk.begin
            rows = chunk.row, size, row, chunk.end - run.begin
            sequences = run.sequences

            def call(head: int, count: int, rows=rows, sequences=sequences) -> Call:
                whole = tuple((x, 0, length, 0) for x in range(heads.total_keys))
                part = heads.first + head, count, 0, length, whole
                text = _slice(heads, structure.text, length, *part)
                of_heads = head, count, first
                return call_of(heads, rows, of_heads, text, "end", sequences)

            of_stage = first * heads.group, number * heads.group
            found += calls_of_heads(heads, assignment, *of_stage, call)
        return found, []

    parts = stages_of(heads.count_keys, stages)
    return make_stages(assignment, rank, parts, tuple(placed), calls)
