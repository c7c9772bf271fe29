# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keys and values in pages, which the tests of NumPy, PyTorch and JAX share.

`convert` makes a framework's arrays of those of NumPy: of the type that kernels take
of f32, and of i32 as they are.
"""

from typing import Any, NamedTuple

import numpy as np
import spattn

PAGES, BATCH, HEADS, KV_HEADS = 5, 3, 4, 2


class Case(NamedTuple):
    """Queries, pools, the table, and the keys and values that its pages hold."""

    query: Any
    key: Any
    value: Any
    table: Any
    whole: list[Any]


def draw(convert, page_size=32, layout="bhnd", queries=6, dim=64) -> Case:
    """3 rows of 5 pages of a pool of 17; `whole` is in bhnd."""
    random = np.random.default_rng(3)
    count = BATCH * PAGES + 2

    def normal(*shape):
        return random.standard_normal(shape).astype(np.float32)

    q = normal(BATCH, HEADS, queries, dim)
    table = random.permutation(count)[: BATCH * PAGES].reshape(BATCH, PAGES)
    pools = [normal(count, KV_HEADS, page_size, dim) for _ in range(2)]
    whole = [
        pool[table].swapaxes(1, 2).reshape(BATCH, KV_HEADS, PAGES * page_size, dim)
        for pool in pools
    ]
    if layout == "bnhd":
        q, *pools = (np.ascontiguousarray(x.swapaxes(1, 2)) for x in (q, *pools))
    q, k, v, *whole = map(convert, (q, *pools, *whole))
    return Case(q, k, v, convert(table.astype(np.int32)), whole)


def modifiers():
    """What modifies scores, in NumPy's arrays, and a structure that shows its
    distances."""
    random = np.random.default_rng(4)
    return spattn.exclusive_bands() | spattn.window(40), {
        "sinks": random.standard_normal(HEADS).astype(np.float32),
        "soft_cap": 2.0,
        "alibi_slopes": random.random(HEADS).astype(np.float32) / 50,
        "distance_bias": random.standard_normal((HEADS, 9)).astype(np.float32),
    }


def score_mod(score, batch, head, query, key):
    return score + 0.25 * batch
