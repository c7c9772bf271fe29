# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists of tiles from PyTorch, on the device and without synchronizing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..errors import ArgumentError
from ..structure import Structure
from ..tiles import TileLists


def from_block_mask(block_mask: Any, mask: Structure | str) -> TileLists:
    """The blocks of a BlockMask of torch.nn.attention.flex_attention.

    `mask` is the structure that the BlockMask's function describes, such as
    `spattn.causal()`: it masks all blocks, as the function masks those that are
    partial. A function that no structure describes cannot be taken over.
    """
    rows, columns = block_mask.BLOCK_SIZE
    return TileLists.from_tiles(
        block_mask.to_dense() != 0, tile=(rows, columns), mask=mask
    )


def top_tiles(
    scores: Tensor,
    count: int,
    *,
    tile: tuple[int, int] = (64, 64),
    mask: Structure | str = "#spattn.full",
) -> TileLists:
    """Lists, for each tile of queries, the `count` key tiles of the greatest scores, as
    learned selection does (native sparse attention, arXiv 2502.11089).

    `scores` are (batch, heads, query tiles, key tiles); tiles whose score is -inf are
    never listed. The selection has no gradient.
    """
    if scores.dim() != 4:
        raise ArgumentError(
            "scores: expected 4 dimensions (batch, heads, query tiles, key tiles), got "
            f"the shape {tuple(scores.shape)}"
        )
    tiles = scores.shape[-1]
    values, indices = scores.detach().topk(min(count, tiles), dim=-1)
    is_listed = values > -torch.inf
    # Behind the others.
    indices = torch.where(is_listed, indices, tiles).sort(-1).values
    counts = is_listed.sum(-1, dtype=torch.int32)
    return TileLists(counts, indices.to(torch.int32), tile, mask)
