# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn as an attention implementation of transformers.

    import spattn.transformers

    model = AutoModelForCausalLM.from_pretrained(name, attn_implementation="spattn")
    spattn.configure(model, spattn.exclusive_bands())

Importing this module registers the name "spattn". A layer's structure is, in this
order: what `configure` or the config's `spattn_structure` gives it, the model's own
window, or causal (full, if the layer is not causal). No mask is made in memory.

With a cache, queries are aligned to the last keys, and bands follow the number of
keys so far. Generation then gives what the model computes with the bands of each
step; `structure.at_length(n, heads)` has the same ones in every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import (
    bidirectional_mask_function,
    causal_mask_function,
)

from . import torch as operators
from .errors import ArgumentError, UnsupportedError
from .structure import Structure, as_structure, distances

NAME = "spattn"
"""The name for `attn_implementation`."""

ATTRIBUTE = "spattn_structure"
"""The attribute of a config that has the structures of the layers: text for all of
them, or a list with text, or None, for each. It is saved with the config."""


def configure(
    model: PreTrainedModel,
    structure: Structure | str | None = None,
    *,
    layers: Iterable[int] | None = None,
) -> PreTrainedModel:
    """Makes `model` use spattn, and gives `structure` to `layers`, or to all.

    None gives layers back what they have by themselves. Layers may have different
    structures, by one call each, and heads too: see `spattn.per_head`. The structures
    are kept in the model's config. Returns the model.
    """
    config = model.config.get_text_config()
    count = config.num_hidden_layers
    chosen = range(count) if layers is None else list(layers)
    for layer in chosen:
        if not -count <= layer < count:
            raise ArgumentError(f"the model has layers 0 to {count - 1}, not {layer}")
    text = None
    if structure is not None:
        parsed = as_structure(structure)
        heads = config.num_attention_heads
        if parsed.heads not in (None, heads):
            raise ArgumentError(
                f"the structure is for {parsed.heads} heads, and the model has {heads}"
            )
        text = parsed.text
    texts = [_configured(config, layer) for layer in range(count)]
    for layer in chosen:
        texts[layer] = text
    if config._attn_implementation != NAME:
        model.set_attn_implementation(NAME)
    setattr(config, ATTRIBUTE, texts)
    return model


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
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """What a layer of a model calls: (batch, heads, length, dim) tensors in, and
    (batch, length, heads, dim) out."""
    if attention_mask is not None:
        raise UnsupportedError(
            "spattn takes no mask of given elements; describe it as a structure and "
            "call spattn.configure(model, structure)"
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
    if s_aux is None:
        out = operators.attention(query, key, value, structure, scale=scaling)
        return out.transpose(1, 2).contiguous(), None
    # A sink adds exp(s_aux) to the sum of a row's exponentials, which is exp(lse).
    out, lse = operators.attention(
        query, key, value, structure, scale=scaling, return_lse=True
    )
    share = torch.sigmoid(lse - s_aux.float()[None, :, None])
    out = (out * share[..., None]).to(query.dtype)
    return out.transpose(1, 2).contiguous(), None


def mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    q_offset: int | torch.Tensor = 0,
    kv_offset: int = 0,
    mask_function: Callable = causal_mask_function,
    attention_mask: torch.Tensor | None = None,
    local_size: int | None = None,
    allow_is_causal_skip: bool = True,
    allow_is_bidirectional_skip: bool = False,
    use_vmap: bool = False,
    config: Any = None,
    device: torch.device | str = "cpu",
    **_: Any,
) -> None:
    """What a model calls for its mask. There is none: this makes sure that the
    structures say all that the mask would have said."""
    if use_vmap:
        raise UnsupportedError(
            "this model adds its own function to the mask, which spattn cannot take; "
            'use attn_implementation="flex_attention" or "sdpa"'
        )
    bidirectional = allow_is_bidirectional_skip or (
        mask_function is bidirectional_mask_function
    )
    if not bidirectional:
        # A static cache holds keys that are not written yet after the last one.
        aligned = not isinstance(q_offset, torch.Tensor) and (
            q_offset + q_length == kv_offset + kv_length
        )
        if not aligned:
            raise UnsupportedError(
                "spattn aligns the last query to the last key, and this cache has "
                "more keys than tokens so far; use a dynamic cache, as generate() "
                "does by default"
            )
        # Where transformers itself would not leave out the mask, something is in it.
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
        # With causal structures, padding at the end is seen by padding alone.
        if not bidirectional and q_length == kv_length and _causal(config, kv_length):
            valid = (keys[:, :-1] | ~keys[:, 1:]).all()
        else:
            valid = keys.all()
        _require(
            valid,
            "spattn takes padding only at the end of sequences, with causal "
            'structures and without a cache; set tokenizer.padding_side = "right" '
            "to train, and generate from sequences of the same length",
        )


_UNSUPPORTED = {
    "softcap": "set config.attn_logit_softcapping = None if the model can do without",
    "position_bias": 'use attn_implementation="flex_attention"',
    "output_attentions": 'use attn_implementation="eager" to see probabilities',
    "cu_seq_lens_q": "pass one sequence in each row instead of packed ones",
}
"""Arguments of layers that change what attention is, and what to do instead."""


def _structure(
    module: torch.nn.Module, heads: int, sliding_window: int | None, is_causal: bool
) -> str:
    """The structure of a layer, as text."""
    config = getattr(module, "config", None)
    layer = getattr(module, "layer_idx", None)
    text = None if layer is None else _configured(config, layer)
    if text is None:
        return _own_structure(sliding_window, is_causal)
    if sliding_window is not None:
        raise ArgumentError(
            f"layer {layer} has a window of {sliding_window} of its own, and its cache "
            "keeps no other keys: give structures to other layers, or set "
            "config.sliding_window = None before the model is made"
        )
    if heads != config.num_attention_heads:
        raise UnsupportedError(
            f"the structure of layer {layer} is for {config.num_attention_heads} "
            f"heads, and the layer has {heads} here; spattn does not shard heads of "
            "models"
        )
    return text


def _configured(config: Any, layer: int) -> str | None:
    """What the config says about a layer."""
    texts = getattr(config, ATTRIBUTE, None)
    if texts is None or isinstance(texts, str):
        return texts
    count = config.num_hidden_layers
    if not isinstance(texts, (list, tuple)) or len(texts) != count:
        raise ArgumentError(
            f"expected config.{ATTRIBUTE} to be text, or a list with text or None for "
            f"each of the {count} layers, got {texts!r}"
        )
    return texts[layer]


def _own_structure(sliding_window: int | None, is_causal: bool) -> str:
    """The structure that a layer has by itself. torch.compile traces this, and could
    not trace what makes a Structure."""
    if sliding_window is None:
        return "#spattn.causal" if is_causal else "#spattn.full"
    left = sliding_window - 1
    return f"#spattn.window<left = {left}, right = {0 if is_causal else left}>"


# torch.compile takes the answer as a constant.
@torch.compiler.assume_constant_result
def _is_causal_text(text: str, heads: int, length: int) -> bool:
    later = distances((-math.inf, 0))
    return (as_structure(text) & later).stats(length, heads=heads).pairs == 0


def _causal(config: Any, length: int) -> bool:
    """Whether no layer sees later keys."""
    texts = {_configured(config, i) for i in range(config.num_hidden_layers)} - {None}
    heads = config.num_attention_heads
    return all(_is_causal_text(text, heads, length) for text in texts)


def _is_causal_window(
    mask_function: Callable,
    rows: torch.Tensor,
    queries: torch.Tensor,
    window: int | None,
) -> torch.Tensor:
    """Whether a mask has the first and last keys of a causal window, for each query.
    Packed sequences and chunks lack first ones; blocks of tokens have later ones."""
    head = torch.zeros((), dtype=torch.long, device=queries.device)
    first = torch.zeros_like(queries)
    if window is not None:
        first = (queries - window + 1).clamp(min=0)
    queries, first = queries[None], first[None]
    seen = mask_function(rows, head, queries, first).all()
    now, later = queries[:, :-1], queries[:, 1:]
    return seen & ~mask_function(rows, head, now, later).any()


def _require(condition: torch.Tensor, message: str) -> None:
    """Refuses where `condition` is false; within a graph, when the graph runs."""
    if torch.compiler.is_compiling():
        torch._assert_async(condition, message)
    elif not condition:
        raise UnsupportedError(message)


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, mask)
