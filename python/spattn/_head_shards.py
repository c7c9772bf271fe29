# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structures of some of the heads."""

from __future__ import annotations

import re
from functools import lru_cache

from .errors import ArgumentError
from .structure import Structure, per_head


def structure_of_head(structure: Structure, head: int, heads: int) -> Structure:
    """The structure of one of `heads` heads, independent of the head index."""
    groups = structure.groups or ((heads, structure),)
    of_heads = [(i, n, group) for n, group in groups for i in range(n)]
    index, count, group = of_heads[head]
    # A partition depends on the head index, but a band does not.
    band = rf"#spattn.band<\1, {index} of {count}"
    return Structure.parse(re.sub(r"#spattn\.partition<(\w+)", band, group.text))


def structure_of_heads(
    structure: Structure, selected: tuple[int, ...], heads: int
) -> Structure:
    """The structure of some of `heads` heads, in that order."""
    if structure.heads not in (None, heads):
        raise ArgumentError(
            f"the structure is a mixture for {structure.heads} heads, and all shards "
            f"together have {heads}"
        )
    parts = [structure_of_head(structure, head, heads) for head in selected]
    return parts[0] if len(set(parts)) == 1 else per_head(*parts)


@lru_cache(maxsize=1024)
def structure_of_shard(
    structure: Structure, shard: int, shards: int, heads: int
) -> Structure:
    """The structure of one of `shards` equal parts of `heads` heads."""
    size = heads // shards
    own = range(shard * size, (shard + 1) * size)
    return structure_of_heads(structure, tuple(own), heads)
