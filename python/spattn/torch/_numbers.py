# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of the numbers in tensors that say where keys are, if SPATTN_CHECK=1.

Kernels for CPUs check them before each call. Those for GPUs trust them, since reading
them would wait for the GPU, and so do the checks here: they are for finding errors.
What torch.compile traces and CUDA graphs record has assertions on the device instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import ArgumentError
from ..tiles import TileLists
from . import _check

#: Whether calls check numbers.
enabled = os.environ.get("SPATTN_CHECK", "0") not in ("", "0")


def check(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    layout: str,
    sequences: tuple[Tensor | None, ...],
    page_table: Tensor | None = None,
    tiles: TileLists | None = None,
) -> None:
    """Checks sequences, pages and lists of tiles, whose shapes are right, or else are
    an error of `_check`."""
    if torch._C._are_functorch_transforms_active():
        return
    _check.check(query, key, value, layout, page_table=page_table)
    _, axis = _check.axes(layout)
    queries, keys = query.shape[axis], key.shape[axis]
    if page_table is not None:
        keys *= page_table.shape[1]
    query_starts, query_ends, key_starts, key_ends = sequences
    _check_sequences("query", query_starts, query_ends, queries)
    _check_sequences("key", key_starts, key_ends, keys)
    if page_table is not None:
        _check_pages(page_table, key.shape[0], key.shape[axis], key_ends)
    if tiles is not None:
        _check_lists(tiles, -(-keys // tiles.tile[1]))


def _check_sequences(
    side: str, starts: Tensor | None, ends: Tensor | None, length: int
) -> None:
    """Sequences ascend, and are of the tensors' rows."""
    given = starts if ends is None else ends
    if given is None:
        return
    starts = torch.zeros_like(given) if starts is None else starts
    ends = torch.full_like(given, length) if ends is None else ends
    least = torch.cat((torch.zeros_like(ends[:, :1]), ends[:, :-1]), 1)

    def describe(b: int, s: int) -> str:
        numbers = (int(x[b, s]) for x in (starts, ends, least))
        start, end, first = numbers
        return (
            f"sequence {s} of batch element {b} is from '{side}_starts' {start} to "
            f"'{side}_ends' {end}, expected ascending rows from {first} to {length}"
        )

    wrong = (starts < least) | (ends < starts) | (ends > length)
    _require(wrong, f"{side}: expected sequences of ascending rows", describe)


def _check_pages(
    table: Tensor, pages: int, page_size: int, ends: Tensor | None
) -> None:
    """Pages that hold a row's keys are pages of the pool."""

    def describe(b: int, n: int) -> str:
        return (
            f"'page_table' has the page {int(table[b, n])} at {n} of batch element "
            f"{b}, expected pages from 0 to before {pages}"
        )

    wrong = (table < 0) | (table >= pages)
    if ends is not None:
        number = torch.arange(table.shape[1], device=table.device)
        wrong &= number * page_size < ends
    _require(wrong, f"page_table: expected pages from 0 to before {pages}", describe)


def _check_lists(lists: TileLists, tiles: int) -> None:
    """Lists ascend, and are of the keys' tiles."""
    counts, indices = lists.counts, lists.indices
    room = indices.shape[3]

    def where(b: int, h: int, row: int) -> str:
        return f"the list of tile row {row}, head {h}, batch element {b}"

    def describe_count(b: int, h: int, row: int) -> str:
        return (
            f"{where(b, h, row)} has a 'tile_counts' of {int(counts[b, h, row])}, "
            f"expected 0 to {room}"
        )

    wrong = (counts < 0) | (counts > room)
    _require(wrong, f"tiles: expected counts of 0 to {room}", describe_count)
    least = torch.cat((torch.zeros_like(indices[..., :1]), indices[..., :-1] + 1), -1)

    def describe_tile(b: int, h: int, row: int, n: int) -> str:
        return (
            f"{where(b, h, row)} has a 'tile_indices' of {int(indices[b, h, row, n])} "
            f"at {n}, expected ascending tiles from {int(least[b, h, row, n])} to "
            f"before {tiles}"
        )

    number = torch.arange(room, device=indices.device)
    wrong = (indices < least) | (indices >= tiles)
    wrong &= number < counts[..., None]
    _require(wrong, "tiles: expected ascending tiles of the keys", describe_tile)


def _require(wrong: Tensor, message: str, describe: Callable[..., str]) -> None:
    """Raises an error that describes the first wrong number; in a graph, asserts on
    the device when it runs."""
    if torch.compiler.is_compiling() or _is_recorded(wrong):
        torch._assert_async(~wrong.any(), message)
    elif wrong.any():
        raise ArgumentError(describe(*wrong.nonzero()[0].tolist()))


def _is_recorded(tensor: Any) -> bool:
    return tensor.is_cuda and torch.cuda.is_current_stream_capturing()
