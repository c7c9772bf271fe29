# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention whose ranks exchange tokens for heads: each computes some heads of the
whole sequence, as in DeepSpeed Ulysses (arXiv 2309.14509)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from ..._head_shards import structure_of_heads
from ...errors import ArgumentError
from ...structure import Structure, as_structure
from ..functional import attention as attention_of_heads
from . import _agreement, _dtensors
from ._layout import heads_of_ranks
from .assignment import Assignment, contiguous_rows
from .functional import describe_call


class _AllToAll(torch.autograd.Function):
    """Exchanges rows of a tensor; gradients travel the other way."""

    @staticmethod
    def forward(
        ctx: Any, sent: Tensor, sizes: list[int], expected: list[int], group: Any
    ) -> Tensor:
        ctx.sizes, ctx.expected, ctx.group = sizes, expected, group
        return _all_to_all(sent, sizes, expected, group)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        return _all_to_all(grad, ctx.expected, ctx.sizes, ctx.group), None, None, None


def _all_to_all(
    sent: Tensor, sizes: list[int], expected: list[int], group: Any
) -> Tensor:
    sent = sent.contiguous()
    received = sent.new_empty(sum(expected), *sent.shape[1:])
    flat = [x.flatten(1).view(torch.uint8) for x in (received, sent)]
    with _agreement.travelling(group, "exchanging heads"):
        dist.all_to_all_single(*flat, expected, sizes, group=group)
    return received


@lru_cache(maxsize=64)
def _orders(
    assignment: Assignment, device: torch.device
) -> tuple[Tensor, Tensor] | None:
    """Places of tokens as they come from the ranks, and the other way round; None if
    they are the same."""
    places = [
        torch.arange(begin, end)
        for chunks in assignment.chunks
        for begin, end, _ in chunks
    ]
    order = torch.cat(places) if places else torch.empty(0, dtype=torch.int64)
    inverse = order.argsort()
    if torch.equal(order, inverse) and bool((order.diff() == 1).all()):
        return None
    return order.to(device), inverse.to(device)


class _Dealt(NamedTuple):
    """The query heads of each rank, and all query and key heads in that order, if it
    is another."""

    heads: tuple[tuple[int, ...], ...]
    order: tuple[Tensor, Tensor] | None


@lru_cache(maxsize=64)
def _deal(
    structure: str, heads: int, key_heads: int, ranks: int, length: int
) -> _Dealt:
    of_ranks = heads_of_ranks(structure, heads, key_heads, ranks, length)
    group = heads // key_heads
    own = tuple(
        tuple(head * group + i for head in x for i in range(group)) for x in of_ranks
    )
    order = [x for heads_of_rank in own for x in heads_of_rank]
    if order == sorted(order):
        return _Dealt(own, None)
    keys = [x for heads_of_rank in of_ranks for x in heads_of_rank]
    return _Dealt(own, (torch.tensor(order), torch.tensor(keys)))


def head_parallel_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    structure: Structure | str,
    mesh: Any = None,
    *,
    assignment: Assignment | None = None,
    scale: float | None = None,
    layout: str = "bhnd",
    sinks: Tensor | None = None,
    soft_cap: float | None = None,
    cu_seqlens: Any = None,
    bound_length: str = "sequence",
    check: str | None = None,
) -> Tensor:
    """The same as `attention`, by exchanging tokens for heads.

    Each rank gets the queries, keys and values of all tokens of some heads, computes
    these, and returns the outputs. The number of ranks divides that of key heads, which
    are dealt so that ranks have about as much to compute. What travels does not depend
    on the structure: all of queries, keys, values and outputs.
    """
    if _dtensors.is_dtensor(query, key, value):
        raise ArgumentError("head_parallel_attention takes shards; use to_local()")
    group = _agreement.group_of(mesh)
    device = query.device if isinstance(query, Tensor) else torch.device("cpu")
    ranks, rank = dist.get_world_size(group), dist.get_rank(group)

    def describe() -> tuple[str, int]:
        text, own = describe_call(
            *(query, key, value, structure, group, assignment, layout, sinks),
            *(soft_cap, scale, cu_seqlens, bound_length),
        )
        key_heads = key.shape[1 if layout == "bhnd" else 2]
        if key_heads % ranks:
            raise ArgumentError(
                f"expected key heads for each of {ranks} ranks alike, got {key_heads}"
            )
        return f"head-parallel\n{text}", own

    given = assignment and assignment.rows
    check = _agreement.check_of(check, group, device)
    _, rows = _agreement.compare(group, device, describe, given, check)
    assignment = assignment or contiguous_rows(rows)
    # (length, batch, heads, dim) from here on: rows are tokens.
    axes = (2, 0, 1, 3) if layout == "bhnd" else (1, 0, 2, 3)
    tensors = [x.permute(axes) for x in (query, key, value)]
    own, batch, heads, _ = tensors[0].shape
    text = as_structure(structure)
    dealt = _deal(text.text, heads, tensors[1].shape[2], ranks, assignment.length)
    if dealt.order is not None:
        order, order_of_keys = (x.to(device) for x in dealt.order)
        tensors = [
            tensors[0][:, :, order],
            *(x[:, :, order_of_keys] for x in tensors[1:]),
        ]
    # For each rank, its heads of all of the tensors.
    parts = [x.unflatten(2, (ranks, -1)).flatten(3).movedim(2, 0) for x in tensors]
    sent = torch.cat(parts, -1).flatten(0, 1)
    received = _AllToAll.apply(sent, [own] * ranks, list(rows), group)
    orders = _orders(assignment, device)
    if orders is not None:
        received = received[orders[1]]
    sizes = [x.shape[3] for x in parts]
    mine = [
        part.unflatten(2, (-1, x.shape[3])).permute(1, 2, 0, 3)
        for part, x in zip(received.split(sizes, -1), tensors, strict=True)
    ]
    count = heads // ranks
    cu = None
    if cu_seqlens is not None:
        cu = torch.as_tensor(cu_seqlens, dtype=torch.int32).to(device)
        cu = cu.expand(batch, -1)
    output = attention_of_heads(
        *mine,
        structure_of_heads(text, dealt.heads[rank], heads),
        scale=scale,
        sinks=None if sinks is None else sinks[list(dealt.heads[rank])],
        soft_cap=soft_cap,
        cu_seqlens_q=cu,
        bound_length=bound_length if cu is not None else "sequence",
    )
    output = output.permute(2, 0, 1, 3).flatten(2)
    if orders is not None:
        output = output[orders[0]]
    found = _AllToAll.apply(output, list(rows), [own] * ranks, group)
    found = found.unflatten(0, (ranks, own)).unflatten(3, (count, -1))
    # (rows, batch, heads, dim)
    found = found.permute(1, 2, 0, 3, 4).flatten(2, 3)
    if dealt.order is not None:
        found = found[:, :, order.argsort()]
    return found.permute((1, 2, 0, 3) if layout == "bhnd" else (1, 0, 2, 3))
