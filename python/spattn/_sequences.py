# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packed documents and padding: where the sequences of batch entries start and end.

Users say it as lengths, as starts, or as cumulative lengths; kernels take starts and
ends, (batch, sequences) in i32. All of them are views of what users pass, so that
nothing is computed for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from .arrays import Array
from .errors import ArgumentError
from .problem import BOUND_LENGTHS


@dataclass(frozen=True)
class Rows:
    """What a user says of the sequences of queries, or of those of keys."""

    #: "query" or "key", and the suffix of FlashAttention's names, "q" or "k".
    side: str
    suffix: str
    lengths: Any = None
    starts: Any = None
    cu_seqlens: Any = None

    def check(self) -> None:
        """Checks that there is one description."""
        names = {
            f"{self.side}_lengths": self.lengths,
            f"{self.side}_starts": self.starts,
            f"cu_seqlens_{self.suffix}": self.cu_seqlens,
        }
        given = [name for name, value in names.items() if value is not None]
        if len(given) > 1:
            raise ArgumentError(
                f"expected one of {', '.join(given)}; cu_seqlens_{self.suffix} of the "
                "shape (batch, 2) has both the start and the end of each row"
            )


def rows_of(
    query_lengths: Any,
    key_lengths: Any,
    query_starts: Any,
    key_starts: Any,
    cu_seqlens_q: Any,
    cu_seqlens_k: Any,
) -> tuple[Rows, ...]:
    """What a user says of the sequences of queries and of keys, in that order; nothing
    if the user says nothing. Documents of keys are those of queries if only these are
    given."""
    if cu_seqlens_k is None and key_lengths is None and key_starts is None:
        if cu_seqlens_q is None and query_lengths is None and query_starts is None:
            return ()  # Most calls, which are to be fast.
        cu_seqlens_k = cu_seqlens_q
    queries = Rows("query", "q", query_lengths, query_starts, cu_seqlens_q)
    keys = Rows("key", "k", key_lengths, key_starts, cu_seqlens_k)
    return queries, keys


class Slicer(Protocol):
    """Makes views of arrays of one kind, which it checks."""

    def column(self, array: Any, name: str) -> Any:
        """(batch,) as (batch, 1)."""

    def part(self, array: Any, name: str, first: int) -> Any:
        """(batch, sequences + 1), or (sequences + 1,) of a batch of 1, as (batch,
        sequences) from `first` on."""


def operands_of(sides: tuple[Rows, ...], slicer: Slicer) -> dict[str, Any]:
    """The operands of a launch, by name."""
    operands = {}
    for rows in sides:
        rows.check()
        if rows.lengths is not None:
            name = f"{rows.side}_lengths"
            operands[f"{rows.suffix}end"] = slicer.column(rows.lengths, name)
        if rows.starts is not None:
            name = f"{rows.side}_starts"
            operands[f"{rows.suffix}start"] = slicer.column(rows.starts, name)
        if rows.cu_seqlens is not None:
            name = f"cu_seqlens_{rows.suffix}"
            for first, end in enumerate(("start", "end")):
                operands[f"{rows.suffix}{end}"] = slicer.part(
                    rows.cu_seqlens, name, first
                )
    return operands


def tuned_lengths(
    shapes: Iterable[tuple[int, ...]], lengths: tuple[int, int]
) -> tuple[int, int]:
    """The lengths that kernels are tuned for: means of the sequences'."""
    count = max((shape[1] for shape in shapes), default=1)
    queries, keys = (-(-length // max(count, 1)) for length in lengths)
    return queries, keys


def check_shapes(shapes: dict[str, tuple[int, ...]], batch: int) -> None:
    """Checks the shapes of operands of sequences."""
    counts = {shape[1] for shape in shapes.values()}
    if len(counts) > 1:
        raise ArgumentError(
            "expected as many sequences of queries as of keys, got "
            + " and ".join(str(count) for count in sorted(counts))
        )
    if counts - {0, 1} and len(shapes) < 4:
        raise ArgumentError(
            "expected cu_seqlens_q and cu_seqlens_k where rows hold several documents"
        )
    for shape in shapes.values():
        if shape[0] != batch:
            raise ArgumentError(
                f"expected starts and ends of sequences for a batch of {batch}, got "
                f"{shape[0]}"
            )


def check_bound_length(bound_length: str, sides: tuple[Rows, ...]) -> None:
    """Checks which length bounds depend on."""
    if bound_length not in BOUND_LENGTHS:
        raise ArgumentError(
            f"expected bound_length to be 'sequence' or 'pack', got {bound_length!r}"
        )
    if bound_length == "pack" and not sides:
        raise ArgumentError(
            "bound_length: expected 'sequence' where no sequences are given"
        )


class ArraySlicer:
    """Slices views of arrays of any library."""

    def __init__(self, query: Array, view: Any):
        self.query, self.view = query, view

    def _read(self, array: Any, name: str, ranks: tuple[int, ...]) -> Array:
        view: Array = self.view(array, name)
        if view.element != "i32":
            raise ArgumentError(f"{name}: expected elements of i32, got {view.element}")
        if (view.device, view.ordinal) != (self.query.device, self.query.ordinal):
            raise ArgumentError(
                f"{name}: expected the device of q, {self.query.device}, got "
                f"{view.device}"
            )
        if len(view.sizes) not in ranks:
            raise ArgumentError(
                f"{name}: expected {' or '.join(map(str, ranks))} dimensions, got the "
                f"shape {view.sizes}"
            )
        return view

    def column(self, array: Any, name: str) -> Array:
        """(batch,) as (batch, 1)."""
        view = self._read(array, name, (1,))
        return replace(view, sizes=(*view.sizes, 1), strides=(*view.strides, 1))

    def part(self, array: Any, name: str, first: int) -> Array:
        """A view of the starts, or of the ends."""
        view = self._read(array, name, (1, 2))
        sizes, strides = view.sizes, view.strides
        if len(sizes) == 1:
            sizes, strides = (1, *sizes), (sizes[0], *strides)
        if sizes[1] < 1:
            raise ArgumentError(f"{name}: expected one number or more, got none")
        if sizes[1] > 2 and strides[1] != 1:
            raise ArgumentError(f"{name}: expected contiguous rows; copy the array")
        return replace(
            view,
            pointer=view.pointer + 4 * first * strides[1],
            sizes=(sizes[0], sizes[1] - 1),
            strides=strides,
        )
