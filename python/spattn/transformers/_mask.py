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
from ._config import is_causal


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
) -> None:
    """Builds no mask. Checks that the structures describe the whole mask that the model
    asks for."""
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
            _require(
                _is_causal_window(mask_function, rows, queries, local_size),
                "spattn has no packed sequences, chunks or bidirectional blocks of "
                "tokens; pass one sequence in each row, without position_ids that "
                "start again",
            )
    if attention_mask is not None:
        keys = attention_mask[:, kv_offset : kv_offset + kv_length]
        # With causal structures, only padding sees right padding.
        if not bidirectional and q_length == kv_length and is_causal(config, kv_length):
            valid = (keys[:, :-1] | ~keys[:, 1:]).all()
        else:
            valid = keys.all()
        _require(
            valid,
            "spattn takes padding only at the end of sequences, with causal "
            'structures and without a cache; set tokenizer.padding_side = "right" '
            "to train, and generate from sequences of the same length",
        )


def _is_causal_window(
    mask_function: Callable[..., torch.Tensor],
    rows: torch.Tensor,
    queries: torch.Tensor,
    window: int | None,
) -> torch.Tensor:
    """Whether each query sees the first and the last key of a causal window, and not
    the next key. Packed sequences and chunks hide the first key; bidirectional blocks
    of tokens show the next key."""
    head = torch.zeros((), dtype=torch.long, device=queries.device)
    first = torch.zeros_like(queries)
    if window is not None:
        first = (queries - window + 1).clamp(min=0)
    queries, first = queries[None], first[None]
    seen = mask_function(rows, head, queries, first).all()
    now, later = queries[:, :-1], queries[:, 1:]
    return seen & ~mask_function(rows, head, now, later).any()


def _require(condition: torch.Tensor, message: str) -> None:
    """Raises an error if `condition` is false; in a compiled graph, at run time."""
    if torch.compiler.is_compiling():
        torch._assert_async(condition, message)
    elif not condition:
        raise UnsupportedError(message)
