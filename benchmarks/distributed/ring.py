# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ring attention, to compare with: all keys pass all ranks.

Plain torch P2P, with spattn for what a rank computes of the keys that it has: heads
that see none of them cost no time. So the difference to spattn.torch.distributed is
what travels, and the merges.
"""

from functools import lru_cache

import spattn.torch
import torch
import torch.distributed as dist
from spattn._patterns import Slice, slice_structure
from spattn.torch import _operators


@lru_cache(maxsize=4096)
def part_of(structure, heads, key_heads, length, queries, keys):
    """The structure of a chunk of queries and a chunk of keys."""
    pieces = tuple((head, *keys[:2], 0) for head in range(key_heads))
    sizes = queries.begin, queries.end - queries.begin, keys.end - keys.begin
    return slice_structure(
        structure, Slice(length, heads, key_heads, 0, heads, *sizes, pieces)
    )


def pass_on(tensors, group):
    """Starts to send tensors to the next rank, and to receive those of the previous."""
    rank, ranks = dist.get_rank(group), dist.get_world_size(group)
    received = [torch.empty_like(x) for x in tensors]
    to, of = (dist.get_global_rank(group, (rank + i) % ranks) for i in (1, -1))
    works = dist.batch_isend_irecv(
        [dist.P2POp(dist.isend, x, to, group) for x in tensors]
        + [dist.P2POp(dist.irecv, x, of, group) for x in received]
    )
    return received, works


def wait(works):
    for work in works:
        work.wait()


class Ring(torch.autograd.Function):
    """Attention of a rank's queries, to keys that all ranks pass on."""

    @staticmethod
    def forward(ctx, query, key, value, structure, assignment, group):
        rank, ranks = dist.get_rank(group), dist.get_world_size(group)
        chunks, heads = assignment.chunks, (query.shape[1], key.shape[1])
        results = [None] * len(chunks[rank])
        keys = [key.contiguous(), value.contiguous()]
        for step in range(ranks):
            received, works = pass_on(keys, group) if step + 1 < ranks else (keys, [])
            for place, own in enumerate(chunks[rank]):
                rows = slice(own.row, own.row + own.end - own.begin)
                for other in chunks[(rank - step) % ranks]:
                    text = part_of(structure, *heads, assignment.length, own, other)
                    if text.endswith(f"{heads[0]} x {spattn.none()}>"):
                        continue
                    there = slice(other.row, other.row + other.end - other.begin)
                    part = spattn.torch.attention(
                        query[:, :, rows],
                        *(x[:, :, there] for x in keys),
                        text,
                        alignment="start",
                        return_lse=True,
                    )
                    part = part[0].float(), part[1]
                    if results[place] is not None:
                        part = spattn.torch.merge(
                            *zip(results[place], part, strict=True), return_lse=True
                        )
                    results[place] = part
            wait(works)
            keys = received
        output = torch.cat([x[0] for x in results], 2).to(query.dtype)
        lse = torch.cat([x[1] for x in results], 2)
        ctx.save_for_backward(query, key, value, output, lse)
        ctx.arguments = structure, assignment, group
        return output

    @staticmethod
    def backward(ctx, grad):
        query, key, value, output, lse = ctx.saved_tensors
        structure, assignment, group = ctx.arguments
        rank, ranks = dist.get_rank(group), dist.get_world_size(group)
        chunks, heads = assignment.chunks, (query.shape[1], key.shape[1])
        keys = [key.contiguous(), value.contiguous()]
        sums = [torch.zeros_like(x, dtype=torch.float32) for x in keys]
        grad_query = torch.zeros_like(query, dtype=torch.float32)
        travelling, works_of_sums = sums, []
        for step in range(ranks):
            received, works = pass_on(keys, group) if step + 1 < ranks else (keys, [])
            own_sums = [torch.zeros_like(x) for x in sums]
            for own in chunks[rank]:
                rows = slice(own.row, own.row + own.end - own.begin)
                for other in chunks[(rank - step) % ranks]:
                    text = part_of(structure, *heads, assignment.length, own, other)
                    if text.endswith(f"{heads[0]} x {spattn.none()}>"):
                        continue
                    there = slice(other.row, other.row + other.end - other.begin)
                    found = _operators.attention_backward(
                        grad[:, :, rows],
                        None,
                        query[:, :, rows],
                        *(x[:, :, there] for x in keys),
                        output[:, :, rows],
                        lse[:, :, rows],
                        *(text, None, "bhnd", "start"),
                    )
                    grad_query[:, :, rows] += found[0]
                    for part, own_sum in zip(found[1:3], own_sums, strict=True):
                        own_sum[:, :, there] += part
            # Gradients by keys follow the keys, a step behind, and end where these
            # began.
            wait(works_of_sums)
            sums = [a + b for a, b in zip(travelling, own_sums, strict=True)]
            travelling, works_of_sums = (
                pass_on(sums, group) if ranks > 1 else (sums, [])
            )
            wait(works)
            keys = received
        wait(works_of_sums)
        return (
            grad_query.to(query.dtype),
            *(x.to(key.dtype) for x in travelling),
            *[None] * 3,
        )


def ring_attention(query, key, value, structure, group, assignment):
    return Ring.apply(query, key, value, str(structure), assignment, group)
