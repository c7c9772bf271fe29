# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stores the structures of a model's layers in its config."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from transformers import PreTrainedModel
from transformers.cache_utils import get_layer_types_and_kwargs

from ..errors import ArgumentError, UnsupportedError
from ..structure import Structure, as_structure

NAME = "spattn"
"""The value of `attn_implementation`."""

ATTRIBUTE = "spattn_structure"
"""The config attribute with the layers' structures: one text for all layers, or a list
with a text or None per layer. It is saved with the config."""


def configure(
    model: PreTrainedModel,
    structure: Structure | str | None = None,
    *,
    layers: Iterable[int] | None = None,
) -> PreTrainedModel:
    """Switches `model` to spattn, and sets `structure` for `layers`, by default all.

    None restores the default of the layers. To give layers different structures, call
    this once per structure; to give heads different structures, use `spattn.per_head`.
    The structures are stored in the model's config. Returns the model.
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
    texts = [configured(config, layer) for layer in range(count)]
    for layer in chosen:
        texts[layer] = text
    if config._attn_implementation != NAME:
        model.set_attn_implementation(NAME)
    setattr(config, ATTRIBUTE, texts)
    return model


def configured(config: Any, layer: int) -> str | None:
    """The structure that the config sets for a layer, as text."""
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


def own_structure(sliding_window: int | None, is_causal: bool) -> str:
    """A layer's default structure, as text, because torch.compile cannot trace the
    construction of a Structure."""
    if sliding_window is None:
        return "#spattn.causal" if is_causal else "#spattn.full"
    left = sliding_window - 1
    return f"#spattn.window<left = {left}, right = {0 if is_causal else left}>"


def layer_structures(config: Any) -> list[str]:
    """The structures of a decoder's layers, as text: those that the config sets, or
    their own."""
    types, _ = get_layer_types_and_kwargs(config)
    texts = []
    for layer, kind in enumerate(types):
        text = configured(config, layer)
        if text is None and kind not in ("full_attention", "sliding_attention"):
            raise UnsupportedError(f"layer {layer} is of {kind}, not of attention")
        own = config.sliding_window if kind == "sliding_attention" else None
        texts.append(own_structure(own, True) if text is None else text)
    return texts
