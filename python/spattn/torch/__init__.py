# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn for PyTorch: attention with gradients, on the CPU and on GPUs.

    import spattn, spattn.torch
    o = spattn.torch.attention(q, k, v, spattn.exclusive_bands())

It works under torch.compile, autocast, activation checkpointing and CUDA graphs.
"""

from .flex import FlexStructure, flex_attention, structure_of
from .functional import attention, scaled_dot_product_attention
from .merging import merge
from .modules import Attention, SelfAttention
from .reformer import ReformerAttention, lsh_attention
from .tiles import from_block_mask, top_tiles

__all__ = [
    "Attention",
    "FlexStructure",
    "ReformerAttention",
    "SelfAttention",
    "attention",
    "flex_attention",
    "from_block_mask",
    "lsh_attention",
    "merge",
    "scaled_dot_product_attention",
    "structure_of",
    "top_tiles",
]
