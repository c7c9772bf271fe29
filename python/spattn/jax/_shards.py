# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structures and arrays of shards, within shard_map."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import jax
from jax.sharding import NamedSharding, PartitionSpec

from ..errors import ArgumentError
from ..structure import Structure, per_head


def structure_of_head(structure: Structure, head: int, heads: int) -> Structure:
    """The structure of one of `heads` heads, independent of the head index."""
    groups = structure.groups or ((heads, structure),)
    of_heads = [(i, n, group) for n, group in groups for i in range(n)]
    index, count, group = of_heads[head]
    # A partition depends on the head index, but a band does not.
    band = rf"#spattn.band<\1, {index} of {count}"
    return Structure.parse(re.sub(r"#spattn\.partition<(\w+)", band, group.text))


@lru_cache(maxsize=1024)
def structure_of_shard(
    structure: Structure, shard: int, shards: int, heads: int
) -> Structure:
    """The structure of one of `shards` equal parts of `heads` heads."""
    if structure.heads not in (None, heads):
        raise ArgumentError(
            f"the structure is a mixture for {structure.heads} heads, and all shards "
            f"together have {heads}"
        )
    size = heads // shards
    parts = [
        structure_of_head(structure, head, heads)
        for head in range(shard * size, (shard + 1) * size)
    ]
    return parts[0] if len(set(parts)) == 1 else per_head(*parts)


def vary_alike(arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Casts operands to vary over the same mesh axes, as shard_map requires."""
    varying = {name: _varying(array) for name, array in arrays.items()}
    union = frozenset().union(*varying.values())
    return {
        name: jax.lax.pcast(array, tuple(sorted(missing)), to="varying")
        if (missing := union - varying[name])
        else array
        for name, array in arrays.items()
    }


def _varying(array: jax.Array) -> frozenset[str]:
    manual = getattr(jax.typeof(array), "manual_axis_type", None)
    return manual.varying if manual is not None else frozenset()


def like(array: jax.Array, shape: tuple[int, ...], dtype: Any) -> Any:
    """The type of a result that varies over the same mesh axes as `array`."""
    if not _varying(array):
        return jax.ShapeDtypeStruct(shape, dtype)
    aval = jax.typeof(array)
    whole = NamedSharding(aval.sharding.mesh, PartitionSpec(*[None] * len(shape)))
    manual = aval.manual_axis_type
    return jax.ShapeDtypeStruct(shape, dtype, sharding=whole, manual_axis_type=manual)
