# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn as an attention implementation of transformers.

    import spattn.transformers

    model = AutoModelForCausalLM.from_pretrained(name, attn_implementation="spattn")
    spattn.configure(model, spattn.exclusive_bands())

Importing this module registers the name "spattn". A layer's structure is the one set
by `configure` or by the config's `spattn_structure`; otherwise the model's sliding
window, if it has one; otherwise causal, or full if the layer is not causal. No mask is
built in memory.

With a KV cache, the last query is aligned to the last key. The bands of a partition
depend on the number of keys so far, and so move at each decoding step; a fixed length,
as in `exclusive_bands(length=4096)`, keeps them in place. `LiveKeysCache` is a cache
that drops the keys that no later query sees.
"""

from transformers import AttentionInterface, AttentionMaskInterface

from ._attention import attention
from ._cache import LiveKeysCache
from ._config import NAME, configure
from ._mask import mask

__all__ = ["LiveKeysCache", "attention", "configure", "mask"]

AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, mask)
