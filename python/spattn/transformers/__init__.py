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
step; bands of a fixed length, `exclusive_bands(length=4096)`, stay the same.
"""

from transformers import AttentionInterface, AttentionMaskInterface

from ._attention import attention
from ._config import NAME, configure
from ._mask import mask

__all__ = ["attention", "configure", "mask"]

AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, mask)
