# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention function that layers call."""

from __future__ import annotations

from typing import Any

import torch

from .. import torch as operators
from ..errors import ArgumentError, UnsupportedError
from ._cache import rows_in_cache
from ._config import configured, own_structure

_UNSUPPORTED = {
    "position_bias": 'use attn_implementation="flex_attention"',
    "output_attentions": 'use attn_implementation="eager" to see probabilities',
}
"""Unsupported arguments that change the result, and what to do instead."""


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    s_aux: torch.Tensor | None = None,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention for a layer: takes (batch, heads, length, dim) tensors, and returns
    (batch, length, heads, dim)."""
    if attention_mask is not None and not (
        attention_mask.dtype == torch.int32 and attention_mask.dim() == 3
    ):
        raise UnsupportedError(
            "spattn takes no mask tensors; describe the mask as a structure and call "
            "spattn.configure(model, structure)"
        )
    if dropout:
        raise UnsupportedError(
            "spattn has no dropout; set config.attention_dropout = 0, or call "
            "model.eval()"
        )
    for name, advice in _UNSUPPORTED.items():
        if kwargs.get(name) is not None and kwargs[name] is not False:
            raise UnsupportedError(f"spattn does not support {name}: {advice}")
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    structure = _structure(module, query.shape[1], sliding_window, is_causal)
    rows = rows_in_cache(attention_mask, key, structure)
    sequences = _sequences(rows, structure, kwargs)
    out = operators.attention(
        query,
        key,
        value,
        structure,
        scale=scaling,
        sinks=s_aux,
        soft_cap=softcap,
        **sequences,
    )
    return out.transpose(1, 2).contiguous(), None


def _sequences(
    rows: torch.Tensor | None, structure: str, arguments: dict[str, Any]
) -> dict[str, torch.Tensor]:
    """Where packed documents and padding are: from `mask`, or from the arguments that
    data collators prepare for FlashAttention."""
    queries = arguments.get("cu_seq_lens_q")
    keys = arguments.get("cu_seq_lens_k")
    if queries is not None:
        return {
            "cu_seqlens_q": queries,
            "cu_seqlens_k": queries if keys is None else keys,
        }
    if rows is None:
        return {}
    if len(rows) == 2:
        return {"cu_seqlens_q": rows[0], "cu_seqlens_k": rows[1]}
    if structure != "#spattn.full":
        raise UnsupportedError(
            "spattn takes padding of layers that are not causal only where they see "
            "all tokens; pass sequences of the same length, or configure other layers"
        )
    return {"cu_seqlens_k": rows[0]}


def _structure(
    module: torch.nn.Module, heads: int, sliding_window: int | None, is_causal: bool
) -> str:
    """The structure of a layer, as text."""
    config = getattr(module, "config", None)
    layer = getattr(module, "layer_idx", None)
    text = None if layer is None else configured(config, layer)
    if text is None:
        return own_structure(sliding_window, is_causal)
    if sliding_window is not None:
        raise ArgumentError(
            f"layer {layer} has a window of {sliding_window} of its own, and its cache "
            "drops all other keys; configure other layers, or set "
            "config.sliding_window = None before creating the model"
        )
    if heads != config.num_attention_heads:
        raise UnsupportedError(
            f"the structure of layer {layer} is for {config.num_attention_heads} "
            f"heads, and the layer has {heads} here; spattn does not shard heads of "
            "models"
        )
    return text
