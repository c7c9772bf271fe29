# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn for JAX: attention with gradients, on the CPU and on GPUs.

    import spattn, spattn.jax
    o = spattn.jax.attention(q, k, v, spattn.exclusive_bands())

It works under jit, grad, vmap, checkpoint and shard_map.
"""

from .functional import attention
from .merging import merge

__all__ = ["attention", "merge"]
