# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Queries the library's structure algebra."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from . import _capi
from . import _prototypes as c
from .errors import ArgumentError, CompileError, StructureError

T = TypeVar("T")
ALIGNMENTS = {"end": 0, "start": 1}
#: A length that is unknown.
UNKNOWN = -1


class Parsed(NamedTuple):
    """A structure's text, its canonical text, and its groups of heads."""

    text: str
    canonical: str
    groups: tuple[tuple[int, str], ...]


def parse(text: str) -> Parsed:
    """Parses an attribute."""
    return _with_structure(text, _describe)


def fix_length(text: str, heads: int, length: int) -> str:
    """The text of a structure that has `length` in the place of `N`."""
    return _derive(text, "StructureFixLength", heads, length)


class Slice(NamedTuple):
    """Some heads, queries and keys of an attention: SpattnSlice of the C API."""

    length: int
    heads: int
    key_heads: int
    first_head: int
    slice_heads: int
    first_query: int
    queries: int
    #: Rows of keys, and which keys of a key head they are: (key head, begin, end, row).
    keys: int
    pieces: tuple[tuple[int, int, int, int], ...]


def slice_structure(text: str, part: Slice) -> str:
    """The text of what heads see of a slice, in terms of its rows, starts aligned."""
    pieces = (c.KeyPiece * len(part.pieces))(*(c.KeyPiece(*x) for x in part.pieces))
    given = c.Slice(*part[:-1], pieces, len(pieces))
    return _derive(text, "StructureSlice", ctypes.byref(given))


def live_keys(
    text: str, heads: int, part: tuple[int, int], tokens: int, max_length: int | None
) -> list[tuple[int, int]]:
    """Keys of the first tokens that later queries of heads [first, first + count) may
    see, as (begin, end)."""
    longest = UNKNOWN if max_length is None else max_length
    return _with_structure(
        text,
        lambda structure: _intervals(
            "StructureGetLiveKeys", structure, heads, *part, tokens, longest
        ),
    )


def removable_keys(text: str, heads: int, tokens: int) -> tuple[int, int]:
    """Keys that a sequence of so many tokens may lose, as (begin, end)."""
    found = c.KeyInterval()
    _with_structure(
        text,
        lambda structure: _capi.call(
            "StructureGetRemovableKeys", structure, heads, tokens, ctypes.byref(found)
        ),
    )
    return found.begin, found.end


def _intervals(function: str, *arguments: Any) -> list[tuple[int, int]]:
    """The intervals of keys that a function stores, as (begin, end)."""
    number, capacity = ctypes.c_size_t(), 8
    while True:
        found = (c.KeyInterval * capacity)()
        _capi.call(function, *arguments, found, capacity, ctypes.byref(number))
        if number.value <= capacity:
            return [(x.begin, x.end) for x in found[: number.value]]
        capacity = number.value


def structure_in(program: str, function: str) -> str:
    """The text of the structure of the mask that a function of a program returns."""
    lib = _capi.library()
    encoded = program.encode()
    module = _capi.new(
        "ModuleParse", _capi.context(), encoded, len(encoded), None, None
    )
    try:
        return _text_of(
            _capi.new("ModuleFindStructure", module, function.encode(), None)
        )
    finally:
        lib.spattnModuleDestroy(module)


def structure_from(mask: int, heads: int, lengths: tuple[int, int]) -> str:
    """The text of the structure that allows the pairs of a mask, starts aligned: bytes
    of heads x queries x keys, at an address."""
    return _text_of(
        _capi.new(
            "StructureFromMask",
            *(_capi.context(), mask, heads, *lengths, ALIGNMENTS["start"]),
        )
    )


def _text_of(structure: int) -> str:
    lib = _capi.library()
    try:
        result: str = lib.spattnStructureGetText(structure).decode()
        return result
    finally:
        lib.spattnStructureDestroy(structure)


def _derive(text: str, function: str, *arguments: Any) -> str:
    return _with_structure(
        text,
        lambda structure: _text_of(_capi.new(function, structure, *arguments)),
    )


def _with_structure(text: str, use: Callable[[int], T]) -> T:
    encoded = text.encode()
    try:
        handle = _capi.new("StructureParse", _capi.context(), encoded, len(encoded))
        try:
            return use(handle)
        finally:
            _capi.library().spattnStructureDestroy(handle)
    except (ArgumentError, CompileError) as error:
        raise StructureError(f"structure '{text}': {error}") from None


def _describe(structure: int) -> Parsed:
    lib = _capi.library()
    text = lib.spattnStructureGetText(structure).decode()
    canonical = lib.spattnStructureGetCanonicalText(structure).decode()
    groups = _groups(text) if lib.spattnStructureGetNumHeads(structure) else []
    return Parsed(text, _sorted(canonical), tuple(groups))


def _parts(text: str) -> list[str]:
    """Splits parameters: `#spattn.union<A, B<C, D>>` gives A and B<C, D>."""
    parts, start, depth = [], text.index("<") + 1, 0
    for at in range(start, len(text)):
        depth += {"<": 1, ">": -1}.get(text[at], 0)
        if depth < 0 or (depth == 0 and text[at] == ","):
            parts.append(text[start:at].strip())
            start = at + 1
    return parts


def _groups(text: str) -> list[tuple[int, str]]:
    """Splits a mixture: `#spattn.heads<2 x A, 3 x B>` gives (2, A) and (3, B)."""
    pairs = (part.split(" x ", 1) for part in _parts(text))
    return [(int(count), part) for count, part in pairs]


def _sorted(text: str) -> str:
    """Sorts the operands of unions and intersections, whose order is irrelevant."""
    name = text.partition("<")[0]
    if name == "#spattn.heads":
        parts = [f"{count} x {_sorted(part)}" for count, part in _groups(text)]
    elif name in ("#spattn.union", "#spattn.intersection"):
        parts = sorted(map(_sorted, _parts(text)))
    else:
        return text
    return f"{name}<{', '.join(parts)}>"


class Pattern:
    """A structure at a given number of heads and given lengths."""

    def __init__(
        self, text: str, heads: int, queries: int, keys: int, alignment: str = "end"
    ) -> None:
        if alignment not in ALIGNMENTS:
            raise ArgumentError(
                f"expected alignment to be 'end' or 'start', got {alignment!r}"
            )
        for name, length in (("queries", queries), ("keys", keys)):
            if not isinstance(length, int) or not 0 <= length < 2**30:
                raise ArgumentError(
                    f"expected a number of {name} from 0 to 2^30 - 1, got {length!r}"
                )
        self.heads, self.queries, self.keys = heads, queries, keys
        self._handle = _with_structure(
            text,
            lambda structure: _capi.new(
                "PatternCreate", structure, heads, queries, keys, ALIGNMENTS[alignment]
            ),
        )

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            _capi.library().spattnPatternDestroy(self._handle)

    def pairs(self, head: int = -1) -> int:
        """The number of allowed pairs of a head, or of all heads for -1."""
        count = ctypes.c_int64()
        _capi.call("PatternCountPairs", self._handle, head, ctypes.byref(count))
        return count.value

    def tiles(self, tile: tuple[int, int], head: int = -1) -> Any:
        """Tile counts: `visited`, `full`, `masked`, `skipped`."""
        counts = c.TileCounts()
        shape = c.TileShape(*tile)
        _capi.call("PatternCountTiles", self._handle, head, shape, ctypes.byref(counts))
        return counts

    def intervals(
        self, head: int, tile: tuple[int, int]
    ) -> list[tuple[int, int, int, bool]]:
        """Runs of visited tiles, as (row, begin, end, is_full)."""
        rows = -(-self.queries // tile[0])
        count = ctypes.c_size_t()
        capacity = 4 * rows
        while True:
            found = (c.TileInterval * capacity)()
            _capi.call(
                "PatternGetTiles",
                self._handle,
                head,
                c.TileShape(*tile),
                0,
                rows,
                found,
                capacity,
                ctypes.byref(count),
            )
            if count.value <= capacity:
                break
            capacity = count.value
        return [(t.row, t.begin, t.end, t.isFull) for t in found[: count.value]]

    def keys_of(self, head: int, first: int, count: int) -> list[tuple[int, int]]:
        """The keys that queries [first, first + count) see, as (begin, end)."""
        return _intervals("PatternGetKeys", self._handle, head, first, count)

    def mask(self, head: int) -> bytes:
        """The row-major mask of a head: one byte per pair, 1 if it is allowed."""
        mask = (ctypes.c_uint8 * (self.queries * self.keys))()
        _capi.call(
            "PatternGetMask", self._handle, head, 0, self.queries, 0, self.keys, mask
        )
        return bytes(mask)

    def row(self, head: int, query: int) -> bytes:
        """The same of one query."""
        row = (ctypes.c_uint8 * self.keys)()
        _capi.call("PatternGetMask", self._handle, head, query, 1, 0, self.keys, row)
        return bytes(row)

    def work(self, **shape: int) -> Any:
        """The minimum work: see SpattnWork, and SpattnWorkShape for the options."""
        work = c.Work()
        _capi.call(
            "PatternGetWork",
            self._handle,
            ctypes.byref(c.WorkShape(**shape)),
            ctypes.byref(work),
        )
        return work
