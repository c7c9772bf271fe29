# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention over a sequence that is spread over several devices.

    from spattn.torch import distributed
    o = distributed.attention(q, k, v, spattn.exclusive_bands(), mesh["cp"])

Each rank has some tokens of the sequence; the keys that its queries see travel to it.
docs/Distributed.md has the rest.
"""

from .assignment import (
    Assignment,
    contiguous,
    contiguous_rows,
    position_ids,
    shard,
    striped,
    unshard,
    zigzag,
)
from .functional import attention
from .heads import head_parallel_attention
from .planning import LINKS, Plan, plan

__all__ = [
    "LINKS",
    "Assignment",
    "Plan",
    "attention",
    "contiguous",
    "contiguous_rows",
    "head_parallel_attention",
    "plan",
    "position_ids",
    "shard",
    "striped",
    "unshard",
    "zigzag",
]
