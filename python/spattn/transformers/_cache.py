# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A cache of keys and values that drops what no later query sees.

Dead keys are cut out of the sequence of those that are kept:

    tokens   0 .. sink .. dead .. window .. n
    rows     0 .. sink .. window .. n - dead

`Structure.removable_keys` finds keys to cut out such that the layer's structure, as it
is, says what later queries see of the rows that are left. Attention, which aligns the
last query to the last key, so needs to know of nothing: not where rows were, and no
other kernel. Only rows of a batch that are padded count their tokens from the padding
on, which `rows_in_cache` finds in what is left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from .. import _patterns
from ..bounds import index_of
from ..errors import ArgumentError, UnsupportedError
from ._config import NAME, layer_structures
from ._mask import require

#: The attribute of a tensor of keys that says what was cut out.
_CUT = "_spattn_cut"

_COMPILED = (
    "spattn takes padding with a cache that drops keys only without torch.compile"
)

_removable = lru_cache(maxsize=65536)(_patterns.removable_keys)


class Cut(NamedTuple):
    """`count` tokens from `begin` on are missing, which only queries of other
    structures would see."""

    begin: int
    count: int
    structure: str


class LiveKeysLayer(DynamicLayer):
    """The keys and values of one layer that later queries may see, and some others:
    they are cut out a block at a time."""

    def __init__(self, structure: str, heads: int, block: int, padding: int) -> None:
        super().__init__()
        self.structure, self.heads, self.block = structure, heads, block
        self.padding = padding
        self.record_past = False
        self._forget()

    def _forget(self) -> None:
        self.tokens = 0
        self.cut = Cut(0, 0, self.structure)
        # How many tokens there were when keys were cut out last.
        self.tokens_at_cut = 0

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Adds keys and values, and returns all that their queries may see."""
        keys, values = super().update(key_states, value_states, *args, **kwargs)
        self.tokens += key_states.shape[-2]
        if self.cut.count:
            setattr(keys, _CUT, self.cut)
        if not self.record_past:
            self._drop()
        return keys, values

    def _drop(self) -> None:
        assert self.keys is not None and self.values is not None
        rows = self.keys.shape[-2] - self.padding
        begin, end = _removable(self.structure, self.heads, max(rows, 0))
        if end - begin < self.block:
            return
        # Padding in front counts as tokens that stay.
        begin, end = begin + self.padding, end + self.padding
        self.keys, self.values = (
            torch.cat((x[..., :begin, :], x[..., end:, :]), -2)
            for x in (self.keys, self.values)
        )
        self.cut = Cut(begin, self.cut.count + end - begin, self.structure)
        self.tokens_at_cut = self.tokens

    def get_seq_length(self) -> int:
        """The number of tokens so far, kept or not."""
        return self.tokens

    def activate_past_recording(self) -> None:
        """Keeps all keys from now on until the next `crop`."""
        self.record_past = True

    def crop(self, tokens_to_remove: int) -> None:
        """Removes the last `-tokens_to_remove` tokens, and drops dead keys."""
        removed = -int(tokens_to_remove)
        if tokens_to_remove > 0:  # Until transformers 5.18: how many are left.
            removed = max(self.tokens - tokens_to_remove, 0)
        if not self.is_initialized or self.keys is None or self.values is None:
            return
        left = self.tokens - removed
        if removed > 0 and left < self.tokens_at_cut:
            raise UnsupportedError(
                f"the cache cannot go back to {left} tokens: at {self.tokens_at_cut}, "
                "it dropped keys that no later query sees; call "
                "activate_past_recording() before tokens that may be removed"
            )
        if removed > 0:
            self.keys = self.keys[..., :-removed, :]
            self.values = self.values[..., :-removed, :]
            self.tokens = left
        self._drop()

    def reset(self) -> None:
        """Forgets all tokens."""
        self.keys = self.values = None
        self.is_initialized = False
        self._forget()


class LiveKeysCache(Cache):
    """A cache for `generate` that drops keys and values that no later query sees.

        cache = spattn.transformers.LiveKeysCache(model)
        model.generate(ids, past_key_values=cache)

    Outputs are those with a `DynamicCache`. A layer keeps what its structure's later
    queries see in any head: windows and bands of a fixed length, and sinks before them.
    It drops keys when there are at least `block` that are dead, so that less than
    `block` of them are left: with 1, it drops them at once, and copies its keys at each
    step. Layers whose structure sees everything, or depends on the number of keys, keep
    all.

    Where rows of the batch are padded, pass the `attention_mask` (batch, tokens) of the
    prompt. As many tokens stay in front as the longest padding has.
    """

    def __init__(
        self,
        model: PreTrainedModel | PreTrainedConfig,
        *,
        block: int = 64,
        attention_mask: Tensor | None = None,
    ) -> None:
        if index_of(block, "a block") < 1:
            raise ArgumentError(f"expected a block of at least 1 key, got {block}")
        config = model if isinstance(model, PreTrainedConfig) else model.config
        config = config.get_text_config(decoder=True)
        if config._attn_implementation != NAME:
            raise ArgumentError(
                "expected a model whose attention is spattn's, got "
                f"{config._attn_implementation!r}; call spattn.configure(model)"
            )
        padding = 0
        if attention_mask is not None:
            if attention_mask.dim() != 2:
                raise ArgumentError(
                    "expected an attention mask of (batch, tokens), got the shape "
                    f"{tuple(attention_mask.shape)}"
                )
            padding = int((attention_mask.cumsum(-1) == 0).sum(-1).max())
        heads = config.num_attention_heads
        super().__init__(
            layers=[
                LiveKeysLayer(structure, heads, block, padding)
                for structure in layer_structures(config)
            ]
        )

    @property
    def kept_bytes(self) -> int:
        """The memory of the keys and values that are kept."""
        return sum(
            x.untyped_storage().nbytes()
            for layer in self.layers
            for x in (layer.keys, layer.values)
            if x is not None
        )

    @property
    def full_bytes(self) -> int:
        """The memory of the keys and values of all tokens so far."""
        return sum(
            x[..., :1, :].nbytes * layer.tokens
            for layer in self.layers
            for x in (layer.keys, layer.values)
            if x is not None
        )


def rows_in_cache(rows: Tensor | None, key: Tensor, structure: str) -> Tensor | None:
    """Where rows of padded tokens, of `mask`, are in what a cache has kept of them.
    Checks that it was kept for the structure of the queries, but not in a compiled
    graph, where rows of padded tokens are an error at run time if any were dropped."""
    if torch.compiler.is_compiling():
        if rows is not None:
            require((rows[-1][:, 1] <= key.shape[-2]).all(), _COMPILED)
        return rows
    cut = getattr(key, _CUT, None)
    if cut is None:
        return rows
    if cut.structure != structure:
        raise ArgumentError(
            f"the cache has dropped what no query of {cut.structure} sees, and the "
            f"layer's structure is {structure}; make another cache after configure()"
        )
    if rows is None:
        return None
    queries, keys = rows
    if bool((keys[:, 0] > cut.begin).any()):
        raise UnsupportedError(
            "the cache has dropped keys of rows that are padded; pass the padding to "
            "it: LiveKeysCache(model, attention_mask=attention_mask)"
        )
    moved = (keys - cut.count).clamp(min=cut.begin)
    return torch.stack((queries, torch.where(keys > cut.begin, moved, keys)))
