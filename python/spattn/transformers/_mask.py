# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The mask function that models call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers.masking_utils import (
    bidirectional_mask_function,
    causal_mask_function,
)

from ..errors import UnsupportedError


def mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    q_offset: int | torch.Tensor = 0,
    kv_offset: int = 0,
    mask_function: Callable[..., torch.Tensor] = causal_mask_function,
    attention_mask: torch.Tensor | None = None,
    local_size: int | None = None,
    allow_is_causal_skip: bool = True,
    allow_is_bidirectional_skip: bool = False,
    use_vmap: bool = False,
    config: Any = None,
    device: torch.device | str = "cpu",
    **_: Any,
) -> torch.Tensor | None:
    """Builds no mask. Checks that the structures describe the whole mask that the model
    asks for, but for packed documents and padding.

    Where there are any, returns where they are: the cumulative lengths of each row's
    sequences, of queries and of keys (2, batch, sequences + 1), in int32. Layers that
    are not causal get those of keys only, (1, batch, 2).
    """
    if use_vmap:
        raise UnsupportedError(
            "this model adds its own mask function, which spattn does not support; "
            'use attn_implementation="flex_attention" or "sdpa"'
        )
    bidirectional = allow_is_bidirectional_skip or (
        mask_function is bidirectional_mask_function
    )
    if not bidirectional:
        # A static cache ends with slots for keys that are not written yet.
        aligned = not isinstance(q_offset, torch.Tensor) and (
            q_offset + q_length == kv_offset + kv_length
        )
        if not aligned:
            raise UnsupportedError(
                "spattn aligns the last query to the last key, and this cache has "
                "more keys than tokens so far; use a dynamic cache, as generate() "
                "does by default"
            )
        # If transformers does not allow skipping the mask, it may be more than causal.
        own_window = getattr(config, "sliding_window", None)
        if not allow_is_causal_skip or local_size not in (None, own_window):
            queries = torch.arange(q_length, device=device) + q_offset
            rows = torch.arange(batch_size, device=device)[:, None]
            starts = torch.zeros_like(rows + queries, dtype=torch.bool)
            # How many documents there are is not known when a graph is made.
            if local_size in (None, own_window) and not torch.compiler.is_compiling():
                starts = _document_starts(mask_function, rows, queries)
            require(
                _is_causal_window(mask_function, rows, queries, starts, local_size),
                "spattn has no chunks or bidirectional blocks of tokens, and packed "
                "documents, whose position_ids start again, only without a cache and "
                "torch.compile",
            )
            if attention_mask is None and _is_true(starts.any()):
                ends = _cumulative_lengths(starts)
                return torch.stack((ends, ends))
    if attention_mask is None:
        return None
    keys = attention_mask[:, kv_offset : kv_offset + kv_length]
    if not torch.compiler.is_compiling() and keys.all():
        return None
    rows = _rows_of(keys)
    require(
        (keys.sum(-1) == rows[:, 1] - rows[:, 0]).all(),
        "spattn takes padding only at the start and at the end of sequences, not "
        "between their tokens",
    )
    if bidirectional:
        return rows[None]
    # Queries are the last of the keys.
    return torch.stack(((rows - (kv_length - q_length)).clamp(min=0), rows))


def _rows_of(keys: torch.Tensor) -> torch.Tensor:
    """The first of each row's tokens, and the end of them: (batch, 2)."""
    length = keys.shape[1]
    positions = torch.arange(length, device=keys.device)
    first = torch.where(keys, positions, length).amin(-1)
    end = torch.where(keys, positions + 1, 0).amax(-1)
    return torch.stack((first.minimum(end), end), -1).to(torch.int32)


def _document_starts(
    mask_function: Callable[..., torch.Tensor],
    rows: torch.Tensor,
    queries: torch.Tensor,
) -> torch.Tensor:
    """Which tokens start a document after the first: those that do not see the token
    before them."""
    head = torch.zeros((), dtype=torch.long, device=queries.device)
    seen = mask_function(rows, head, queries[None, 1:], queries[None, :-1])
    seen = seen.expand(rows.shape[0], -1)
    return torch.cat((torch.zeros_like(seen[:, :1]), ~seen), -1)


def _cumulative_lengths(starts: torch.Tensor) -> torch.Tensor:
    """The starts of each row's documents, and then its end: (batch, documents + 1)."""
    batch, length = starts.shape
    counts = starts.sum(-1)
    ends = torch.full(
        (batch, int(counts.max()) + 2), length, dtype=torch.int32, device=starts.device
    )
    ends[:, 0] = 0
    row, position = starts.nonzero(as_tuple=True)
    number = starts.cumsum(-1)[row, position]
    ends[row, number] = position.to(torch.int32)
    return ends


def _is_true(condition: torch.Tensor) -> bool:
    """Whether a condition holds; not in a compiled graph, where nobody knows."""
    return not torch.compiler.is_compiling() and bool(condition)


def _is_causal_window(
    mask_function: Callable[..., torch.Tensor],
    rows: torch.Tensor,
    queries: torch.Tensor,
    starts: torch.Tensor,
    window: int | None,
) -> torch.Tensor:
    """Whether each query sees the first and the last key of a causal window in its
    document, neither the key before the document nor the next key. Chunks hide the
    first key; bidirectional blocks of tokens show the next key."""
    head = torch.zeros((), dtype=torch.long, device=queries.device)
    zero = torch.zeros_like(queries)
    document = torch.where(starts, queries, zero).cummax(-1).values
    first = document
    if window is not None:
        first = document.maximum(queries - window + 1)
    queries = queries[None]
    seen = mask_function(rows, head, queries, first).all()
    before = mask_function(rows, head, queries, (document - 1).clamp(min=0))
    now, later = queries[:, :-1], queries[:, 1:]
    return (
        seen
        & ~(before & (document > 0)).any()
        & ~mask_function(rows, head, now, later).any()
    )


def require(condition: torch.Tensor, message: str) -> None:
    """Raises an error if `condition` is false; in a compiled graph, at run time."""
    if torch.compiler.is_compiling():
        torch._assert_async(condition, message)
    elif not condition:
        raise UnsupportedError(message)
