# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The structures of a model's layers, in its config."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from transformers import PreTrainedModel

from ..errors import ArgumentError
from ..structure import Structure, as_structure
from ..structures import distances

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
    texts = [configured(config, layer) for layer in range(count)]
    for layer in chosen:
        texts[layer] = text
    if config._attn_implementation != NAME:
        model.set_attn_implementation(NAME)
    setattr(config, ATTRIBUTE, texts)
    return model


def configured(config: Any, layer: int) -> str | None:
    """What the config says about a layer, as text."""
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


# torch.compile takes the answer as a constant.
@torch.compiler.assume_constant_result
def _is_causal_text(text: str, heads: int, length: int) -> bool:
    later = distances((-math.inf, 0))
    return (as_structure(text) & later).stats(length, heads=heads).pairs == 0


def is_causal(config: Any, length: int) -> bool:
    """Whether no layer sees later keys."""
    texts = {configured(config, i) for i in range(config.num_hidden_layers)} - {None}
    heads = config.num_attention_heads
    return all(_is_causal_text(text, heads, length) for text in texts)
