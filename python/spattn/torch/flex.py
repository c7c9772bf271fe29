# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From FlexAttention: structures of its functions and masks, and its attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..errors import ArgumentError, UnsupportedError
from ..structures import full
from ._mask_finder import Finder, FlexStructure
from .functional import attention

_found: WeakKeyDictionary[Any, dict[int, FlexStructure]] = WeakKeyDictionary()


def structure_of(
    mask: Callable[..., Any] | Any,
    *,
    num_heads: int | None = None,
    q_len: int | None = None,
    kv_len: int | None = None,
    batch_size: int | None = None,
    device: Any = None,
) -> FlexStructure:
    """The structure of a `mask_mod`, or of a BlockMask, of FlexAttention.

    A mask_mod is run on values that stand for those of all pairs. What it does with
    head, query and key is read as a structure of all lengths, exactly. With lengths,
    documents are found too, `ids[q_idx] == ids[kv_idx]`, and other masks by their
    values, for these lengths alone: `lengths` of the result says so. A BlockMask has
    its own lengths. A mask that depends on the head takes `num_heads`. With
    `batch_size`, cumulative lengths of documents are those of each entry of a batch.

    Before it is returned, a structure is compared with the function, pair by pair, at
    lengths around its constants. If there is none, raises UnsupportedError, which names
    the operation in the way.
    """
    finder = Finder(mask, num_heads, q_len, kv_len, device)
    found = finder.find()
    return found if batch_size is None else _of_batch(found, batch_size)


def _of_batch(found: FlexStructure, size: int) -> FlexStructure:
    """The same for a batch, whose entries have the same documents."""
    queries, keys = found.cu_seqlens_q, found.cu_seqlens_k
    if queries is None or keys is None:
        return found
    documents = (x.expand(size, -1).contiguous() for x in (queries, keys))
    return FlexStructure(found.structure, found.lengths, *documents)


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Any] | None = None,
    block_mask: Any = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: Any = None,
) -> Any:
    """torch.nn.attention.flex_attention.flex_attention, with structures.

    Takes the same arguments, and computes the same. The structure of a BlockMask is
    found where it is used first, by `structure_of`, and kept as long as the BlockMask
    is. Functions are compiled into kernels here: there is no need of torch.compile.
    `kernel_options` are those of other kernels, and have no effect.
    """
    heads, key_heads = query.shape[1], key.shape[1]
    if heads != key_heads and not enable_gqa:
        raise ArgumentError(
            f"expected as many key heads as query heads, {heads}, got {key_heads}; "
            "pass enable_gqa=True for grouped queries"
        )
    if getattr(return_aux, "max_scores", False):
        raise UnsupportedError("return_aux: spattn has no max_scores")
    found = FlexStructure(full())
    if block_mask is not None:
        known = _found.setdefault(block_mask, {})
        if heads not in known:
            known[heads] = structure_of(block_mask, num_heads=heads)
        found = known[heads]
    lengths = query.shape[2], key.shape[2]
    if found.lengths not in (None, lengths):
        raise ArgumentError(
            f"block_mask: it is of the lengths {found.lengths}, and query and key have "
            f"{lengths}"
        )
    if found.cu_seqlens_q is not None:
        if score_mod is not None:
            _check_in_documents(score_mod, found.cu_seqlens_q)
        found = _of_batch(found, query.shape[0])
    wants_lse = return_lse or getattr(return_aux, "lse", False)
    result = attention(
        *(query, key, value),
        scale=scale,
        score_mod=score_mod,
        return_lse=wants_lse,
        **found,
    )
    if return_aux is None:
        return result
    from torch.nn.attention.flex_attention import AuxOutput

    output, lse = result if wants_lse else (result, None)
    return output, AuxOutput(lse=lse)


def _check_in_documents(score_mod: Callable[..., Any], starts: Tensor) -> None:
    """Functions on scores count from the start of a document."""
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(1 << 12, (2, 64), generator=generator)
    score = torch.randn(64, generator=generator)
    zero = torch.tensor(0)
    first, *others = (
        torch.as_tensor(score_mod(score, zero, zero, *(pairs + start))).expand(64)
        for start in [0, *starts[:: max(1, len(starts) // 16)].tolist()]
    )
    if not all(torch.allclose(first, other, atol=1e-3) for other in others):
        raise UnsupportedError(
            "score_mod: documents are attentions of their own, and it is not the same "
            "in each of them, counted from its start"
        )
