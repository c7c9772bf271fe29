# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which tokens of a sequence each rank has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from ...errors import ArgumentError
from ._agreement import group_of, travelling


class Chunk(NamedTuple):
    """Tokens [begin, end) of the sequence: the rows from `row` on of a rank."""

    begin: int
    end: int
    row: int


@dataclass(frozen=True)
class Assignment:
    """The tokens of each rank: `ranges[rank]` has pairs (begin, end), which are the
    rows of the rank's tensors in this order. Each token has one rank."""

    name: str
    length: int
    ranges: tuple[tuple[tuple[int, int], ...], ...]

    def __post_init__(self) -> None:
        every = sorted(part for own in self.ranges for part in own if part[0] < part[1])
        ends = [0, *(end for _, end in every)]
        if [begin for begin, _ in every] != ends[:-1] or ends[-1] != self.length:
            raise ArgumentError(
                f"Assignment: expected each of {self.length} tokens in one range, got "
                f"{self.ranges}"
            )
        for own in self.ranges:
            if list(own) != sorted(own):
                raise ArgumentError(
                    f"Assignment: expected a rank's ranges to ascend, got {own}"
                )

    @property
    def ranks(self) -> int:
        return len(self.ranges)

    @cached_property
    def chunks(self) -> tuple[tuple[Chunk, ...], ...]:
        """The ranges of each rank that are not empty, with their rows."""
        chunks = []
        for own in self.ranges:
            rows, row = [], 0
            for begin, end in own:
                if begin < end:
                    rows.append(Chunk(begin, end, row))
                    row += end - begin
            chunks.append(tuple(rows))
        return tuple(chunks)

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The number of tokens of each rank."""
        return tuple(sum(end - begin for begin, end in own) for own in self.ranges)

    def __str__(self) -> str:
        return self.name


def contiguous(length: int, ranks: int) -> Assignment:
    """One range per rank, all of the same size but for the last ones: the shards of
    torch.chunk and of DTensor."""
    size = -(-length // ranks) if ranks > 0 else 0
    ends = [min(size * i, length) for i in range(_checked(length, ranks) + 1)]
    ranges = tuple(((a, b),) for a, b in zip(ends, ends[1:], strict=False))
    return Assignment("contiguous", length, ranges)


def contiguous_rows(rows: Sequence[int]) -> Assignment:
    """One range per rank, of the given sizes."""
    ends = [0]
    for size in rows:
        ends.append(ends[-1] + size)
    ranges = tuple(((a, b),) for a, b in zip(ends, ends[1:], strict=False))
    found = contiguous(ends[-1], len(rows))
    return found if found.ranges == ranges else Assignment("rows", ends[-1], ranges)


def zigzag(length: int, ranks: int) -> Assignment:
    """Two ranges per rank, one as far from the start as the other from the end: what
    balances causal attention."""
    parts = _even(length, 2 * _checked(length, ranks))
    ranges = tuple((parts[i], parts[-1 - i]) for i in range(ranks))
    return Assignment("zigzag", length, ranges)


def striped(length: int, ranks: int, chunks: int = 4) -> Assignment:
    """`chunks` ranges per rank, dealt in turn."""
    parts = _even(length, chunks * _checked(length, ranks))
    ranges = tuple(tuple(parts[i::ranks]) for i in range(ranks))
    return Assignment("striped", length, ranges)


def _checked(length: int, ranks: int) -> int:
    if ranks < 1 or length < 0:
        raise ArgumentError(
            f"expected a length and at least 1 rank, got {length} and {ranks}"
        )
    return ranks


def _even(length: int, parts: int) -> list[tuple[int, int]]:
    ends = [length * i // parts for i in range(parts + 1)]
    return list(zip(ends, ends[1:], strict=False))


# ------------------------------------------------------------------------------
# Tensors
# ------------------------------------------------------------------------------


def position_ids(
    assignment: Assignment, rank: int, device: Any = None, dtype: Any = torch.int64
) -> Tensor:
    """The places of a rank's tokens in the sequence, for rotary embeddings."""
    chunks = assignment.chunks[rank]
    parts = [torch.arange(c.begin, c.end, device=device, dtype=dtype) for c in chunks]
    return torch.cat(parts) if parts else torch.empty(0, device=device, dtype=dtype)


def shard(
    tensor: Tensor, assignment: Assignment, mesh: Any = None, *, dim: int = 2
) -> Tensor:
    """A rank's tokens of a tensor that all ranks have. `mesh` is a DeviceMesh of one
    dimension, a process group, None for all processes, or the number of a rank."""
    if tensor.shape[dim] != assignment.length:
        raise ArgumentError(
            f"shard: expected {assignment.length} tokens in dimension {dim}, got the "
            f"shape {tuple(tensor.shape)}"
        )
    rank = mesh if isinstance(mesh, int) else dist.get_rank(group_of(mesh))
    parts = [tensor.narrow(dim, a, b - a) for a, b, _ in assignment.chunks[rank]]
    if len(parts) == 1:
        return parts[0]
    return torch.cat(parts, dim) if parts else tensor.narrow(dim, 0, 0)


def unshard(
    tensor: Tensor, assignment: Assignment, mesh: Any = None, *, dim: int = 2
) -> Tensor:
    """The tensor of all tokens, on every rank, of which each has its own. Not
    differentiable."""
    group = group_of(mesh)
    ranks, rank = dist.get_world_size(group), dist.get_rank(group)
    if ranks != assignment.ranks or tensor.shape[dim] != assignment.rows[rank]:
        raise ArgumentError(
            f"unshard: expected {assignment.rows} tokens of {assignment.ranks} ranks, "
            f"got {tensor.shape[dim]} on rank {rank} of {ranks}"
        )
    # Collectives take tensors of one size.
    most = max(assignment.rows)
    own = tensor.detach().movedim(dim, 0)
    padded = own.new_zeros(most, *own.shape[1:])
    padded[: own.shape[0]] = own
    parts = [torch.empty_like(padded) for _ in range(ranks)]
    with travelling(group, "gathering a tensor"):
        dist.all_gather(parts, padded, group=group)
    whole = own.new_empty(assignment.length, *own.shape[1:])
    for part, chunks in zip(parts, assignment.chunks, strict=True):
        for begin, end, row in chunks:
            whole[begin:end] = part[row : row + end - begin]
    return whole.movedim(0, dim)
