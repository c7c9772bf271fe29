# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks lists of tiles against the arrays of a call."""

from __future__ import annotations

from .errors import ArgumentError, UnsupportedError
from .tiles import TileLists


def check_shapes(
    tiles: TileLists,
    counts: tuple[int, ...],
    indices: tuple[int, ...],
    batch: int,
    heads: int,
    queries: int,
) -> None:
    """Checks the shapes of lists of an attention with so many queries."""
    rows = -(-queries // tiles.tile[0])
    if len(counts) != 3 or len(indices) != 4 or tuple(indices[:3]) != tuple(counts):
        raise ArgumentError(
            "tiles: expected counts of 3 dimensions (batch, heads, query tiles) and "
            "indices of one more, got the shapes "
            f"{tuple(counts)} and {tuple(indices)}"
        )
    if counts[0] not in (1, batch):
        raise ArgumentError(
            f"tiles: expected lists for a batch of 1 or of {batch}, got {counts[0]}"
        )
    if counts[1] < 1 or heads % counts[1]:
        raise ArgumentError(
            f"tiles: expected a number of heads that divides that of queries, {heads}, "
            f"got {counts[1]}"
        )
    if counts[2] != rows:
        raise ArgumentError(
            f"tiles: expected a list for each of the {rows} tiles of {tiles.tile[0]} "
            f"queries, got {counts[2]}"
        )
    structured = tiles.mask.heads  # type: ignore[union-attr]
    if structured is not None and structured != heads:
        raise ArgumentError(
            f"tiles: the mask is a mixture for {structured} heads, got {heads} query "
            "heads"
        )


def check_given(tiles: object, has_sequences: bool) -> TileLists:
    """What a user has passed as lists, which exclude sequences."""
    if not isinstance(tiles, TileLists):
        raise ArgumentError(
            f"tiles: expected spattn.TileLists, got {type(tiles).__name__}"
        )
    if has_sequences:
        raise UnsupportedError(
            "tiles: lists of tiles count from the first row of a batch entry; expected "
            "no lengths, starts or documents beside them"
        )
    return tiles
